WITH us AS (SELECT array((SELECT %(user_id)s::VARCHAR AS anon_3
            UNION ALL
            SELECT unnest(%(reached_group_ids)s::TEXT[]) AS unnest_1
            UNION ALL
            SELECT subordinate.id
            FROM tenant."user" AS subordinate
            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[]))) AS ids),
"shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_3)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id IN (SELECT unnest(us.ids) AS unnest_2
                FROM us) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids),
reach AS (SELECT by_any_way.id AS id
    FROM (SELECT anon_13.id AS id
        FROM (SELECT within_reach.id AS id
            FROM tenant.workshop AS within_reach
            WHERE within_reach.tenant_id = %(tenant_id)s::INTEGER AND within_reach.owner_id = ANY (CAST((SELECT us.ids
                        FROM us) AS TEXT[]))
            LIMIT 1001) AS anon_13
        UNION ALL
        SELECT anon_14.id AS id
        FROM (SELECT within_reach.id AS id
            FROM tenant.workshop AS within_reach
            WHERE within_reach.tenant_id = %(tenant_id)s::INTEGER AND within_reach.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                        FROM "shared_Workshop_visible") AS TEXT[]))
            LIMIT 1001) AS anon_14) AS by_any_way
    LIMIT 1001),
workshop_page AS (SELECT page.id AS id, page.phone AS phone, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT ranges.id AS id, ranges.phone AS phone, ranges.key_1 AS key_1
        FROM ((SELECT few.id AS id, few.phone AS phone, few.key_1 AS key_1
                FROM (SELECT workshop.id AS id, workshop.phone AS phone, workshop.id AS key_1
                    FROM tenant.workshop AS workshop
                    WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (CAST((SELECT us.ids
                                    FROM us) AS TEXT[])) OR workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                                    FROM "shared_Workshop_visible") AS TEXT[]))) AND (SELECT count(*) <= 1000 AS anon_12
                        FROM reach) AND workshop.id = ANY (array((SELECT reach.id
                                FROM reach)))
                    LIMIT ALL
                    OFFSET 0) AS few ORDER BY few.key_1 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.phone AS phone, workshop.id AS key_1
                FROM tenant.workshop AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (workshop.owner_id = ANY (CAST((SELECT us.ids
                                FROM us) AS TEXT[])) OR workshop.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                                FROM "shared_Workshop_visible") AS TEXT[]))) AND NOT (SELECT count(*) <= 1000 AS anon_12
                    FROM reach)
                ORDER BY workshop.id ASC
                LIMIT %(fetch)s::BIGINT)) AS ranges ORDER BY ranges.key_1 ASC
        LIMIT %(fetch)s::BIGINT) AS page),
answer AS (SELECT workshop.position AS position, json_build_array(CAST(workshop.key_1 AS TEXT)) AS key, (SELECT row_to_json(r)
        FROM (SELECT (SELECT row_to_json(r)
                FROM (SELECT 'Workshop' AS "type", %(url_prefix)s::VARCHAR || 'Workshop/' || workshop.id AS "url") AS r) AS "attributes", workshop.phone AS "Phone") AS r) AS body, workshop.id AS ids_1
    FROM workshop_page AS workshop),
logged_1 AS (INSERT INTO data.access_log (tenant_id, id, name, user_id, object_name, record_ids, fields, record_count, digest, door, source_ip, session_id, client_name, acting_user_id, created_by_id, last_modified_by_id)
    SELECT %(tenant_id)s::INTEGER AS anon_1, %(entry_1)s::VARCHAR AS anon_2, %(entry_1)s::VARCHAR AS anon__1, %(user_id)s::VARCHAR AS anon_3, %(param_1)s::VARCHAR AS anon_4, trim_array(array_agg(DISTINCT (read_1.id COLLATE "C")) FILTER (WHERE read_1.id IS NOT NULL),
        greatest(cardinality(array_agg(DISTINCT (read_1.id COLLATE "C")) FILTER (WHERE read_1.id IS NOT NULL)) - 2000, 0)) AS trim_array_1, %(param_2)s::TEXT[] AS anon_5, cardinality(array_agg(DISTINCT (read_1.id COLLATE "C")) FILTER (WHERE read_1.id IS NOT NULL)) AS cardinality_1, CASE WHEN (cardinality(array_agg(DISTINCT (read_1.id COLLATE "C")) FILTER (WHERE read_1.id IS NOT NULL)) > 200) THEN encode(sha256(convert_to(array_to_string(array_agg(DISTINCT (read_1.id COLLATE "C")) FILTER (WHERE read_1.id IS NOT NULL),
                    ','),
                'UTF8')),
        'hex') END AS anon_6, %(door)s::VARCHAR AS anon_7, %(source_ip)s::VARCHAR AS anon_8, %(session_id)s::VARCHAR AS anon_9, %(client_name)s::VARCHAR AS anon_10, %(acting_user_id)s::VARCHAR AS anon_11, %(user_id)s::VARCHAR AS anon__2, %(user_id)s::VARCHAR AS anon__3
    FROM (SELECT answer.ids_1 AS id
        FROM answer
        WHERE answer.position <= %(batch)s::BIGINT AND answer.ids_1 IS NOT NULL) AS read_1
    HAVING count(read_1.id) > 0)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM answer
