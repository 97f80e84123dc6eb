-- Of the node that made a result, what its bytes hang on and nothing else tells that is kept (MadeWith in
-- contract/messages/composing.h), as JSON: composed anew by another version, in another time zone or with other
-- settings it is the same. '': a Hilum made it that did not keep that.
ALTER TABLE result ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
ALTER TABLE earlier_result ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
