// Takes a data set from DCMTK's DIMSE_receiveDataSetInFile and hands its bytes on.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrma.h>

#include <functional>
#include <span>
#include <utility>

namespace hilum {

// Always claims success: told of a failure on the last fragment, DCMTK waits for another one until the
// timeout.
class DatasetConsumer : public DcmConsumer {
  public:
    using Sink = std::function<void(std::span<const std::byte>)>;
    explicit DatasetConsumer(Sink sink) : sink_(std::move(sink)) {}

    OFBool good() const override { return OFTrue; }
    OFCondition status() const override { return EC_Normal; }
    OFBool isFlushed() const override { return OFTrue; }
    offile_off_t avail() const override { return 1 << 30; }
    offile_off_t write(const void* bytes, offile_off_t size) override {
        sink_({static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)});
        return size;
    }
    void flush() override {}

  private:
    Sink sink_;
};

class DatasetStream : public DcmOutputStream {
  public:
    explicit DatasetStream(DatasetConsumer& consumer) : DcmOutputStream(&consumer) {}
};

}  // namespace hilum
