#include "contract/define_json.h"

namespace hilum {

void to_json(nlohmann::json& json, const Error& error) {
    json = {{"code", error.code}, {"message", error.message}, {"retry", error.retry}};
}
void from_json(const nlohmann::json& json, Error& error) {
    json.at("code").get_to(error.code);
    json.at("message").get_to(error.message);
    json.at("retry").get_to(error.retry);
}

void to_json(nlohmann::json& json, const std::optional<Error>& error) {
    json = nullptr;
    if (error) json = *error;
}

void from_json(const nlohmann::json& json, std::optional<Error>& error) {
    error.reset();
    if (!json.is_null()) error = json.get<Error>();
}

}  // namespace hilum
