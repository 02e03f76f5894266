-- Whether p_enroller is p_customer or below it in the enrollment tree: walks from the enroller up to its root. See
-- sponsor_is_below.
create or replace function enroller_is_below(p_tenant integer, p_enroller integer, p_customer integer)
returns boolean language plpgsql stable as $$
begin
    return (with recursive upline (customer_id) as (
        select p_enroller
        union
        select c.enroller_id
          from upline u
          join customers c on c.tenant_id = p_tenant and c.customer_id = u.customer_id
         where c.enroller_id is not null
    )
    select exists (select from upline where upline.customer_id = p_customer));
end
$$;
