SELECT coalesce(json_agg(groups.body ORDER BY groups.position),
    '[]'::json) AS records, count(*) AS found
FROM (SELECT json_build_object('attributes', '{"type":"AggregateResult"}'::json, 'Region', min(workshop.region),
        's', sum(workshop.budget)) AS body, row_number() OVER (ORDER BY sum(workshop.budget) ASC NULLS FIRST) AS position
    FROM tenant.workshop AS workshop
    WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND workshop.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                UNION ALL
                SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_1
                UNION ALL
                SELECT subordinate.id
                FROM tenant."user" AS subordinate
                WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[]))))
    GROUP BY workshop.region__lower
    HAVING sum(workshop.budget) > %(value_1)s
    ORDER BY sum(workshop.budget) ASC NULLS FIRST
    LIMIT %(fetch)s::BIGINT) AS groups
