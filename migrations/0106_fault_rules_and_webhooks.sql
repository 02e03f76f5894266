-- Columns, states and the members of stored rules got other names.
alter table faults rename column calls to matched;
alter table faults rename column fired to triggered;

update faults
   set rule = (rule - 'answer' - 'do' - 'when')
           || case when rule ? 'answer' then jsonb_build_object('response',
                  case rule -> 'answer' when '"cut"' then '"truncated"' else rule -> 'answer' end)
              else '{}' end
           || case when rule ? 'do' then jsonb_build_object('action',
                  case rule -> 'do' when '"lose"' then '"drop"' when '"double"' then '"duplicate"' else rule -> 'do' end)
              else '{}' end
           || case when rule ? 'when' then jsonb_build_object('when',
                  case when rule #> '{when,call}' is not null
                       then jsonb_build_object('request', rule #> '{when,call}')
                       when rule #> '{when,probability,seed}' is not null
                       then jsonb_build_object('probability', (rule #> '{when,probability}') - 'seed'
                            || jsonb_build_object('random_seed', rule #> '{when,probability,seed}'))
                       else rule -> 'when' end)
              else '{}' end;

update event_deliveries set state = case state when 'dead' then 'failed' else 'dropped' end
 where state in ('dead', 'lost');
