-- While a large world is put back on an embedded database, in many small transactions: the snapshot that it becomes. Set at a
-- start, the work was broken off, and is finished before anybody is served.
alter table tenants add column put_back_from integer;
