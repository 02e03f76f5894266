-- Counts a call of a subscription against its rate limit and its quota, where they are set, each in a window that begins
-- with the first call. refused_by names the limit that is spent, until renewed_at; a call that is refused is not counted.
create or replace function count_call(
    p_tenant         integer,
    p_name           text,
    p_now            timestamptz,
    p_rate_calls     bigint,
    p_rate_seconds   bigint,
    p_quota_calls    bigint,
    p_quota_seconds  bigint,
    out refused_by   text,
    out renewed_at   timestamptz
) language plpgsql as $$
declare
    v_limit record;
    v_spent boolean;
begin
    for v_limit in
        select * from (values ('rate_limit', p_rate_calls, p_rate_seconds), ('quota', p_quota_calls, p_quota_seconds))
            as limits (kind, calls, seconds)
         where limits.calls is not null
    loop
        insert into subscription_usage as u (tenant_id, name, kind, started_at, calls)
        values (p_tenant, p_name, v_limit.kind, p_now, 1)
        on conflict (tenant_id, name, kind) do update set
            started_at = case when u.started_at + make_interval(secs => v_limit.seconds) <= p_now
                              then p_now else u.started_at end,
            calls      = case when u.started_at + make_interval(secs => v_limit.seconds) <= p_now
                              then 1 else least(u.calls, v_limit.calls) + 1 end
        returning u.calls > v_limit.calls, u.started_at + make_interval(secs => v_limit.seconds)
             into v_spent, renewed_at;
        if v_spent then
            refused_by := v_limit.kind;
            return;
        end if;
    end loop;
    renewed_at := null;
end
$$;
