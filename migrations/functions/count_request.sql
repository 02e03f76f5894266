-- Counts a request of a subscription against its rate limit and its quota, if they are set, each in a window that begins with
-- the first request. rejected_by names the limit that is exceeded until renewed_at, or is 'unknown_tenant' when the tenant was
-- deleted. A request that one of the limits rejects is counted by neither.
create or replace function count_request(
    p_tenant         integer,
    p_name           text,
    p_now            timestamptz,
    p_rate_calls     bigint,
    p_rate_seconds   bigint,
    p_quota_calls    bigint,
    p_quota_seconds  bigint,
    out rejected_by   text,
    out renewed_at   timestamptz
) language plpgsql as $$
declare
    v_limit record;
    v_began timestamptz;
    v_start timestamptz;
    v_calls bigint;
begin
    -- Whoever replaces the counts holds the tenant's lock and then writes them in any order.
    if enter_tenant(p_tenant) is null then
        rejected_by := 'unknown_tenant';
        return;
    end if;

    -- A window that is over starts again at zero. The rows stay locked, so that concurrent requests are counted one by one.
    for v_limit in
        select * from (values ('rate_limit', p_rate_calls, p_rate_seconds), ('quota', p_quota_calls, p_quota_seconds))
            as limits (kind, most, seconds)
         where limits.most is not null
    loop
        v_began := p_now - make_interval(secs => v_limit.seconds);
        insert into subscription_usage as u (tenant_id, name, kind, started_at, calls)
        values (p_tenant, p_name, v_limit.kind, p_now, 0)
        on conflict (tenant_id, name, kind) do update set
            started_at = case when u.started_at <= v_began then p_now else u.started_at end,
            calls      = case when u.started_at <= v_began then 0 else u.calls end
        returning u.calls, u.started_at into v_calls, v_start;
        if v_calls >= v_limit.most then
            rejected_by := v_limit.kind;
            renewed_at := v_start + make_interval(secs => v_limit.seconds);
            return;
        end if;
    end loop;
    update subscription_usage u set calls = u.calls + 1
     where u.tenant_id = p_tenant and u.name = p_name
       and (u.kind = 'rate_limit' and p_rate_calls is not null or u.kind = 'quota' and p_quota_calls is not null);
end
$$;
