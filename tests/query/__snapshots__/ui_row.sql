WITH visit_page AS (SELECT page.id AS id, page.name AS name, page.record_type_id AS record_type_id, page.row_version AS row_version, page.workshop_id AS workshop_id, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT visit.id AS id, visit.name AS name, visit.record_type_id AS record_type_id, visit.row_version AS row_version, visit.workshop_id AS workshop_id, visit.id AS key_1
        FROM tenant.visit AS visit
        WHERE visit.tenant_id = %(tenant_id)s::INTEGER AND NOT visit.is_deleted AND (EXISTS (SELECT *
                FROM tenant.workshop AS parent_1
                WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = visit.workshop_id AND parent_1.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                            UNION ALL
                            SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_1
                            UNION ALL
                            SELECT subordinate.id
                            FROM tenant."user" AS subordinate
                            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))))) AND visit.name__lower LIKE lower(%(value_1)s::VARCHAR)
        ORDER BY visit.id ASC
        LIMIT %(fetch)s::BIGINT) AS page)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM (SELECT visit.position AS position, json_build_array(CAST(visit.key_1 AS TEXT)) AS key, (SELECT row_to_json(r)
        FROM (SELECT visit.id AS "id", visit.row_version AS "version", visit.record_type_id AS "record_type_id", (SELECT row_to_json(r)
                FROM (SELECT visit.name AS "Name", visit.workshop_id AS "WorkshopId", workshop.region AS "Workshop.Region") AS r) AS "values", json_strip_nulls((SELECT row_to_json(r)
                    FROM (SELECT workshop.name AS "WorkshopId") AS r)) AS "labels") AS r) AS body
    FROM visit_page AS visit
    LEFT OUTER JOIN tenant.workshop AS workshop ON workshop.id = visit.workshop_id AND workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND workshop.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                UNION ALL
                SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_2
                UNION ALL
                SELECT subordinate.id
                FROM tenant."user" AS subordinate
                WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[]))))) AS answer
