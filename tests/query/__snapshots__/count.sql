WITH us AS (SELECT array((SELECT %(user_id)s::VARCHAR AS anon_1
            UNION ALL
            SELECT unnest(%(reached_group_ids)s::TEXT[]) AS unnest_1
            UNION ALL
            SELECT subordinate.id
            FROM tenant."user" AS subordinate
            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[]))) AS ids),
"shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_1)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id IN (SELECT unnest(us.ids) AS unnest_2
                FROM us) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids)
SELECT count(*) AS count_1
FROM tenant.workshop AS workshop
WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (CAST((SELECT us.ids
                FROM us) AS TEXT[])) OR workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                FROM "shared_Workshop_visible") AS TEXT[]))) AND workshop.region__lower = lower(%(value_1)s::VARCHAR)
