WITH visit_page AS (SELECT page.id AS id, page.name AS name, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT visit.id AS id, visit.name AS name, visit.id AS key_1
        FROM tenant.visit AS visit
        WHERE visit.tenant_id = %(tenant_id)s::INTEGER AND NOT visit.is_deleted AND (EXISTS (SELECT *
                FROM tenant.workshop AS parent_1
                WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = visit.workshop_id AND parent_1.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                            UNION ALL
                            SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_1
                            UNION ALL
                            SELECT subordinate.id
                            FROM tenant."user" AS subordinate
                            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[]))))))
        ORDER BY visit.id ASC
        LIMIT %(fetch)s::BIGINT) AS page)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM (SELECT visit.position AS position, json_build_array(CAST(visit.key_1 AS TEXT)) AS key, (SELECT row_to_json(r)
        FROM (SELECT (SELECT row_to_json(r)
                FROM (SELECT 'Visit' AS "type", %(url_prefix)s::VARCHAR || 'Visit/' || visit.id AS "url") AS r) AS "attributes", visit.id AS "Id", visit.name AS "Name") AS r) AS body
    FROM visit_page AS visit) AS answer
