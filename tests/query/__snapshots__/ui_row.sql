WITH "shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_1)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids),
stay_page AS (SELECT page.id AS id, page.name AS name, page.record_type_id AS record_type_id, page.row_version AS row_version, page.workshop_id AS workshop_id, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT stay.id AS id, stay.name AS name, stay.record_type_id AS record_type_id, stay.row_version AS row_version, stay.workshop_id AS workshop_id, stay.id AS key_1
        FROM tenant.stay AS stay
        WHERE stay.tenant_id = %(tenant_id)s::INTEGER AND NOT stay.is_deleted AND (EXISTS (SELECT *
                FROM tenant.workshop AS parent_1
                WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = stay.workshop_id AND ((parent_1.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_1)) IS true OR (parent_1.id IN (SELECT unnest(anon_1.ids) AS unnest_1
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_1)) IS true))) AND stay.name__lower LIKE lower(%(value_1)s::VARCHAR)
        ORDER BY stay.id ASC
        LIMIT %(fetch)s::BIGINT) AS page)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM (SELECT stay.position AS position, CASE WHEN (stay.position = %(batch)s::BIGINT) THEN json_build_array(CAST(stay.key_1 AS TEXT)) END AS key, (SELECT row_to_json(r)
        FROM (SELECT stay.id AS "id", stay.row_version AS "version", stay.record_type_id AS "record_type_id", (SELECT row_to_json(r)
                FROM (SELECT stay.name AS "Name", stay.workshop_id AS "WorkshopId", workshop.region AS "Workshop.Region") AS r) AS "values", json_strip_nulls((SELECT row_to_json(r)
                    FROM (SELECT workshop.name AS "WorkshopId") AS r)) AS "labels") AS r) AS body
    FROM stay_page AS stay
    LEFT OUTER JOIN tenant.workshop AS workshop ON workshop.id = stay.workshop_id AND workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (SELECT (workshop.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_2)) IS true OR (workshop.id IN (SELECT unnest(anon_3.ids) AS unnest_2
                FROM (SELECT "shared_Workshop_visible".ids AS ids
                    FROM "shared_Workshop_visible") AS anon_3)) IS true AS anon_2)) AS answer
