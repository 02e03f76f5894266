-- The fields that the plan makes unique, as bits: BackOfficeId 1, EmailAddress 2, TaxId 4, Username 8, WebAlias 16. A write compares
-- values by it, and not by the plan that its request has read, which may have changed since.
alter table tenants add column unique_fields integer not null generated always as (
    case when plan ? 'unique' then
        case when plan -> 'unique' ? 'BackOfficeId' then 1 else 0 end
        + case when plan -> 'unique' ? 'EmailAddress' then 2 else 0 end
        + case when plan -> 'unique' ? 'TaxId' then 4 else 0 end
        + case when plan -> 'unique' ? 'Username' then 8 else 0 end
        + case when plan -> 'unique' ? 'WebAlias' then 16 else 0 end
    else 31 end) stored;
