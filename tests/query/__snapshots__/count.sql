SELECT count(*) AS count_1
FROM tenant.workshop AS workshop
WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND workshop.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
            UNION ALL
            SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_1
            UNION ALL
            SELECT subordinate.id
            FROM tenant."user" AS subordinate
            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))) AND workshop.region__lower = lower(%(value_1)s::VARCHAR)
