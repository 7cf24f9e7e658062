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
                FROM us) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids),
reach AS (SELECT by_any_way.id AS id
    FROM (SELECT anon_3.id AS id
        FROM (SELECT within_reach.id AS id
            FROM tenant.workshop AS within_reach
            WHERE within_reach.tenant_id = %(tenant_id)s::INTEGER AND within_reach.owner_id = ANY (CAST((SELECT us.ids
                        FROM us) AS TEXT[]))
            LIMIT 1001) AS anon_3
        UNION ALL
        SELECT anon_4.id AS id
        FROM (SELECT within_reach.id AS id
            FROM tenant.workshop AS within_reach
            WHERE within_reach.tenant_id = %(tenant_id)s::INTEGER AND within_reach.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                        FROM "shared_Workshop_visible") AS TEXT[]))
            LIMIT 1001) AS anon_4) AS by_any_way
    LIMIT 1001),
workshop_page AS (SELECT page.id AS id, page.name AS name, page.budget AS budget, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT ranges.id AS id, ranges.name AS name, ranges.budget AS budget, ranges.key_1 AS key_1
        FROM ((SELECT few.id AS id, few.name AS name, few.budget AS budget, few.key_1 AS key_1
                FROM (SELECT workshop.id AS id, workshop.name AS name, workshop.budget AS budget, workshop.id AS key_1
                    FROM tenant.workshop AS workshop
                    WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (CAST((SELECT us.ids
                                    FROM us) AS TEXT[])) OR workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                                    FROM "shared_Workshop_visible") AS TEXT[]))) AND (SELECT count(*) <= 1000 AS anon_2
                        FROM reach) AND workshop.id = ANY (array((SELECT reach.id
                                FROM reach)))
                    LIMIT ALL
                    OFFSET 0) AS few ORDER BY few.key_1 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.name AS name, workshop.budget AS budget, workshop.id AS key_1
                FROM tenant.workshop AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (CAST((SELECT us.ids
                                FROM us) AS TEXT[])) OR workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                                FROM "shared_Workshop_visible") AS TEXT[]))) AND NOT (SELECT count(*) <= 1000 AS anon_2
                    FROM reach)
                ORDER BY workshop.id ASC
                LIMIT %(fetch)s::BIGINT)) AS ranges ORDER BY ranges.key_1 ASC
        LIMIT %(fetch)s::BIGINT) AS page)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM (SELECT workshop.position AS position, json_build_array(CAST(workshop.key_1 AS TEXT)) AS key, (SELECT row_to_json(r)
        FROM (SELECT (SELECT row_to_json(r)
                FROM (SELECT 'Workshop' AS "type", %(url_prefix)s::VARCHAR || 'Workshop/' || workshop.id AS "url") AS r) AS "attributes", workshop.id AS "Id", workshop.name AS "Name", workshop.budget AS "Budget") AS r) AS body
    FROM workshop_page AS workshop) AS answer
