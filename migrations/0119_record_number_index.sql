-- recordnumber is unique in its tenant by an index, and an upgrade looks up whether a higher one is there. So no upgrade waits for
-- another one's commit, as with the row of a counter.
--
-- Numbers that repeat become one higher than the number before them, and so do all that follow, so that their order stays.
with ordered as (
    select tenant_id, AssociateID, id, recordnumber,
           row_number() over (partition by tenant_id order by recordnumber, id)
           - dense_rank() over (partition by tenant_id order by recordnumber) as repeated
      from CRM_AssociateTypeChanges
)
update CRM_AssociateTypeChanges c
   set recordnumber = c.recordnumber + o.repeated
  from ordered o
 where o.repeated > 0 and c.tenant_id = o.tenant_id and c.AssociateID = o.AssociateID and c.id = o.id;

alter table CRM_AssociateTypeChanges
    add constraint crm_associatetypechanges_recordnumber_key unique (tenant_id, recordnumber);
analyze CRM_AssociateTypeChanges;

drop table record_numbers;
