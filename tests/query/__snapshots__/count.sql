WITH "shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_1)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids)
SELECT count(*) AS count_1
FROM tenant.workshop AS workshop
WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (%(us_array)s::TEXT[]) OR (SELECT cardinality("shared_Workshop_visible".ids) > 0 AS anon_1
        FROM "shared_Workshop_visible") AND workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                FROM "shared_Workshop_visible") AS TEXT[]))) AND workshop.region__lower = lower(%(value_1)s::VARCHAR)
