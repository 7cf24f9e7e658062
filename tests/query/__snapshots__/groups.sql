WITH "shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_1)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids)
SELECT coalesce(json_agg(groups.body ORDER BY groups.position),
    '[]'::json) AS records, count(*) AS found
FROM (SELECT json_build_object('attributes', '{"type":"AggregateResult"}'::json, 'Region', chassis.any_of(workshop.region),
        's', sum(workshop.budget)) AS body, row_number() OVER (ORDER BY sum(workshop.budget) ASC NULLS FIRST) AS position
    FROM tenant.workshop AS workshop
    WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (%(us_array)s::TEXT[]) OR (SELECT cardinality("shared_Workshop_visible".ids) > 0 AS anon_1
            FROM "shared_Workshop_visible") AND workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                    FROM "shared_Workshop_visible") AS TEXT[])))
    GROUP BY workshop.region__lower
    HAVING sum(workshop.budget) > %(value_1)s
    ORDER BY sum(workshop.budget) ASC NULLS FIRST
    LIMIT %(fetch)s::BIGINT) AS groups
