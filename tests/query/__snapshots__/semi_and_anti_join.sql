WITH reach AS (SELECT count(*) <= 1000 AS are_few
    FROM (SELECT 1
        FROM tenant.workshop AS owned
        WHERE owned.tenant_id = %(tenant_id)s::INTEGER AND owned.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                    UNION ALL
                    SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_4
                    UNION ALL
                    SELECT subordinate.id
                    FROM tenant."user" AS subordinate
                    WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[]))))
        LIMIT 1001) AS counted),
workshop_page AS (SELECT page.id AS id, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT ranges.id AS id, ranges.key_1 AS key_1
        FROM ((SELECT few.id AS id, few.key_1 AS key_1
                FROM (SELECT workshop.id AS id, workshop.id AS key_1
                    FROM tenant.workshop AS workshop
                    WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND workshop.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                                UNION ALL
                                SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_1
                                UNION ALL
                                SELECT subordinate.id
                                FROM tenant."user" AS subordinate
                                WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))) AND workshop.id IN (SELECT among_stay.workshop_id
                        FROM tenant.stay AS among_stay
                        WHERE among_stay.tenant_id = %(tenant_id)s::INTEGER AND NOT among_stay.is_deleted AND (EXISTS (SELECT *
                                FROM tenant.workshop AS parent_1
                                WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = among_stay.workshop_id AND parent_1.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                                            UNION ALL
                                            SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_2
                                            UNION ALL
                                            SELECT subordinate.id
                                            FROM tenant."user" AS subordinate
                                            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))))) AND among_stay.workshop_id IS NOT NULL) AND NOT (EXISTS (SELECT among_stay.about_id
                            FROM tenant.stay AS among_stay
                            WHERE among_stay.tenant_id = %(tenant_id)s::INTEGER AND NOT among_stay.is_deleted AND (EXISTS (SELECT *
                                    FROM tenant.workshop AS parent_1
                                    WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = among_stay.workshop_id AND parent_1.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                                                UNION ALL
                                                SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_3
                                                UNION ALL
                                                SELECT subordinate.id
                                                FROM tenant."user" AS subordinate
                                                WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))))) AND among_stay.about_id IS NOT NULL AND among_stay.about_id = workshop.id)) AND (SELECT reach.are_few
                        FROM reach)
                    LIMIT ALL
                    OFFSET 0) AS few ORDER BY few.key_1 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.id AS key_1
                FROM tenant.workshop AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND workshop.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                            UNION ALL
                            SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_1
                            UNION ALL
                            SELECT subordinate.id
                            FROM tenant."user" AS subordinate
                            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))) AND workshop.id IN (SELECT among_stay.workshop_id
                    FROM tenant.stay AS among_stay
                    WHERE among_stay.tenant_id = %(tenant_id)s::INTEGER AND NOT among_stay.is_deleted AND (EXISTS (SELECT *
                            FROM tenant.workshop AS parent_1
                            WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = among_stay.workshop_id AND parent_1.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                                        UNION ALL
                                        SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_2
                                        UNION ALL
                                        SELECT subordinate.id
                                        FROM tenant."user" AS subordinate
                                        WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))))) AND among_stay.workshop_id IS NOT NULL) AND NOT (EXISTS (SELECT among_stay.about_id
                        FROM tenant.stay AS among_stay
                        WHERE among_stay.tenant_id = %(tenant_id)s::INTEGER AND NOT among_stay.is_deleted AND (EXISTS (SELECT *
                                FROM tenant.workshop AS parent_1
                                WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = among_stay.workshop_id AND parent_1.owner_id = ANY (array((SELECT %(user_id)s::VARCHAR AS anon_1
                                            UNION ALL
                                            SELECT unnest(%(queue_ids)s::TEXT[]) AS unnest_3
                                            UNION ALL
                                            SELECT subordinate.id
                                            FROM tenant."user" AS subordinate
                                            WHERE subordinate.tenant_id = %(tenant_id)s::INTEGER AND subordinate.user_role_id = ANY (%(role_ids)s::TEXT[])))))) AND among_stay.about_id IS NOT NULL AND among_stay.about_id = workshop.id)) AND NOT (SELECT reach.are_few
                    FROM reach)
                ORDER BY workshop.id ASC
                LIMIT %(fetch)s::BIGINT)) AS ranges ORDER BY ranges.key_1 ASC
        LIMIT %(fetch)s::BIGINT) AS page)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM (SELECT workshop.position AS position, json_build_array(CAST(workshop.key_1 AS TEXT)) AS key, (SELECT row_to_json(r)
        FROM (SELECT (SELECT row_to_json(r)
                FROM (SELECT 'Workshop' AS "type", %(url_prefix)s::VARCHAR || 'Workshop/' || workshop.id AS "url") AS r) AS "attributes", workshop.id AS "Id") AS r) AS body
    FROM workshop_page AS workshop) AS answer
