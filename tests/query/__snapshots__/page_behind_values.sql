WITH "shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_1)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids),
reach AS (SELECT by_any_way.id AS id
    FROM (SELECT anon_2.id AS id
        FROM (SELECT within_reach.id AS id
            FROM tenant.workshop AS within_reach
            WHERE within_reach.tenant_id = %(tenant_id)s::INTEGER AND within_reach.owner_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[]))
            LIMIT 2001) AS anon_2
        UNION ALL
        SELECT anon_3.id AS id
        FROM (SELECT within_reach.id AS id
            FROM tenant.workshop AS within_reach
            WHERE within_reach.tenant_id = %(tenant_id)s::INTEGER AND within_reach.id = ANY (CAST((SELECT "shared_Workshop_visible".ids
                        FROM "shared_Workshop_visible") AS TEXT[]))
            LIMIT 2001) AS anon_3) AS by_any_way
    LIMIT 2001),
road AS (SELECT look.found AS found, CASE WHEN NOT look.found THEN (SELECT count(*) <= 2000 AS anon_4
        FROM reach) END AS few
    FROM (SELECT false AS found) AS look),
workshop_page AS (SELECT page.id AS id, page.key_1 AS key_1, page.key_2 AS key_2, page.key_3 AS key_3, row_number() OVER (ORDER BY page.key_1 DESC NULLS LAST, page.key_2 ASC, page.key_3 ASC) AS position
    FROM (SELECT ranges.id AS id, ranges.key_1 AS key_1, ranges.key_2 AS key_2, ranges.key_3 AS key_3
        FROM ((SELECT few.id AS id, few.key_1 AS key_1, few.key_2 AS key_2, few.key_3 AS key_3
                FROM (SELECT workshop.id AS id, workshop.budget__float AS key_1, workshop.created_date AS key_2, workshop.id AS key_3
                    FROM tenant.workshop AS workshop
                    WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND ((workshop.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_1)) IS true OR (workshop.id IN (SELECT unnest(anon_1.ids) AS unnest_1
                                FROM (SELECT "shared_Workshop_visible".ids AS ids
                                    FROM "shared_Workshop_visible") AS anon_1)) IS true) AND workshop.id = ANY (array((SELECT reach.id
                                FROM reach))) AND (workshop.budget__float < %(after_1)s OR workshop.budget__float IS NULL OR workshop.budget__float = %(after_1)s AND workshop.created_date > %(after_2)s::TIMESTAMP WITH TIME ZONE OR workshop.budget__float = %(after_1)s AND workshop.created_date = %(after_2)s::TIMESTAMP WITH TIME ZONE AND workshop.id > %(after_3)s::VARCHAR)
                    LIMIT ALL
                    OFFSET 0) AS few
                WHERE (SELECT road.few
                    FROM road) ORDER BY few.key_1 DESC NULLS LAST, few.key_2 ASC, few.key_3 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.budget__float AS key_1, workshop.created_date AS key_2, workshop.id AS key_3
                FROM (SELECT range_1.id AS id, range_1.owner_id AS owner_id, range_1.budget__float AS key_1, range_1.created_date AS key_2, range_1.id AS key_3, (range_1.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_2)) IS true AS known
                    FROM tenant.workshop AS range_1
                    WHERE range_1.tenant_id = %(tenant_id)s::INTEGER AND range_1.budget__float < %(after_1)s
                    ORDER BY range_1.budget__float DESC, range_1.created_date ASC, range_1.id ASC
                    LIMIT 1000000000) AS walk_1, LATERAL (SELECT tenant.workshop.tenant_id AS tenant_id, tenant.workshop.id AS id, tenant.workshop.name AS name, tenant.workshop.owner_id AS owner_id, tenant.workshop.record_type_id AS record_type_id, tenant.workshop.created_date AS created_date, tenant.workshop.created_by_id AS created_by_id, tenant.workshop.last_modified_date AS last_modified_date, tenant.workshop.last_modified_by_id AS last_modified_by_id, tenant.workshop.system_modstamp AS system_modstamp, tenant.workshop.is_deleted AS is_deleted, tenant.workshop.deleted_date AS deleted_date, tenant.workshop.deleted_by_id AS deleted_by_id, tenant.workshop.row_version AS row_version, tenant.workshop.custom AS custom, tenant.workshop.name__lower AS name__lower, tenant.workshop.code AS code, tenant.workshop.code__lower AS code__lower, tenant.workshop.serial_number AS serial_number, tenant.workshop.region AS region, tenant.workshop.region__lower AS region__lower, tenant.workshop.services AS services, tenant.workshop.opened_on AS opened_on, tenant.workshop.last_audit AS last_audit, tenant.workshop.opens_at AS opens_at, tenant.workshop.rating AS rating, tenant.workshop.rating__float AS rating__float, tenant.workshop.budget AS budget, tenant.workshop.budget__float AS budget__float, tenant.workshop.margin AS margin, tenant.workshop.is_active AS is_active, tenant.workshop.email AS email, tenant.workshop.email__lower AS email__lower, tenant.workshop.phone AS phone, tenant.workshop.phone__lower AS phone__lower, tenant.workshop.website AS website, tenant.workshop.notes AS notes, tenant.workshop.story AS story, tenant.workshop.tax_number AS tax_number, tenant.workshop.workshop_number AS workshop_number, tenant.workshop.workshop_number__lower AS workshop_number__lower, tenant.workshop.street AS street, tenant.workshop.district AS district, tenant.workshop.city AS city, tenant.workshop.state AS state, tenant.workshop.postal_code AS postal_code, tenant.workshop.country AS country, tenant.workshop.place_latitude AS place_latitude, tenant.workshop.place_latitude__float AS place_latitude__float, tenant.workshop.place_longitude AS place_longitude, tenant.workshop.place_longitude__float AS place_longitude__float, tenant.workshop.parent_workshop_id AS parent_workshop_id, tenant.workshop.foreman_id AS foreman_id
                    FROM tenant.workshop
                    WHERE tenant.workshop.tenant_id = %(tenant_id)s::INTEGER AND tenant.workshop.id = walk_1.id
                    LIMIT ALL
                    OFFSET 0) AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (walk_1.known OR (workshop.id IN (SELECT unnest(anon_5.ids) AS unnest_2
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_5)) IS true) AND (walk_1.known OR (walk_1.id IN (SELECT unnest(anon_6.ids) AS unnest_3
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_6)) IS true) AND (SELECT NOT road.few
                    FROM road) ORDER BY walk_1.key_1 DESC, walk_1.key_2 ASC, walk_1.key_3 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.budget__float AS key_1, workshop.created_date AS key_2, workshop.id AS key_3
                FROM (SELECT range_2.id AS id, range_2.owner_id AS owner_id, range_2.budget__float AS key_1, range_2.created_date AS key_2, range_2.id AS key_3, (range_2.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_3)) IS true AS known
                    FROM tenant.workshop AS range_2
                    WHERE range_2.tenant_id = %(tenant_id)s::INTEGER AND range_2.budget__float IS NULL
                    ORDER BY range_2.budget__float DESC, range_2.created_date ASC, range_2.id ASC
                    LIMIT 1000000000) AS walk_2, LATERAL (SELECT tenant.workshop.tenant_id AS tenant_id, tenant.workshop.id AS id, tenant.workshop.name AS name, tenant.workshop.owner_id AS owner_id, tenant.workshop.record_type_id AS record_type_id, tenant.workshop.created_date AS created_date, tenant.workshop.created_by_id AS created_by_id, tenant.workshop.last_modified_date AS last_modified_date, tenant.workshop.last_modified_by_id AS last_modified_by_id, tenant.workshop.system_modstamp AS system_modstamp, tenant.workshop.is_deleted AS is_deleted, tenant.workshop.deleted_date AS deleted_date, tenant.workshop.deleted_by_id AS deleted_by_id, tenant.workshop.row_version AS row_version, tenant.workshop.custom AS custom, tenant.workshop.name__lower AS name__lower, tenant.workshop.code AS code, tenant.workshop.code__lower AS code__lower, tenant.workshop.serial_number AS serial_number, tenant.workshop.region AS region, tenant.workshop.region__lower AS region__lower, tenant.workshop.services AS services, tenant.workshop.opened_on AS opened_on, tenant.workshop.last_audit AS last_audit, tenant.workshop.opens_at AS opens_at, tenant.workshop.rating AS rating, tenant.workshop.rating__float AS rating__float, tenant.workshop.budget AS budget, tenant.workshop.budget__float AS budget__float, tenant.workshop.margin AS margin, tenant.workshop.is_active AS is_active, tenant.workshop.email AS email, tenant.workshop.email__lower AS email__lower, tenant.workshop.phone AS phone, tenant.workshop.phone__lower AS phone__lower, tenant.workshop.website AS website, tenant.workshop.notes AS notes, tenant.workshop.story AS story, tenant.workshop.tax_number AS tax_number, tenant.workshop.workshop_number AS workshop_number, tenant.workshop.workshop_number__lower AS workshop_number__lower, tenant.workshop.street AS street, tenant.workshop.district AS district, tenant.workshop.city AS city, tenant.workshop.state AS state, tenant.workshop.postal_code AS postal_code, tenant.workshop.country AS country, tenant.workshop.place_latitude AS place_latitude, tenant.workshop.place_latitude__float AS place_latitude__float, tenant.workshop.place_longitude AS place_longitude, tenant.workshop.place_longitude__float AS place_longitude__float, tenant.workshop.parent_workshop_id AS parent_workshop_id, tenant.workshop.foreman_id AS foreman_id
                    FROM tenant.workshop
                    WHERE tenant.workshop.tenant_id = %(tenant_id)s::INTEGER AND tenant.workshop.id = walk_2.id
                    LIMIT ALL
                    OFFSET 0) AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (walk_2.known OR (workshop.id IN (SELECT unnest(anon_7.ids) AS unnest_4
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_7)) IS true) AND (walk_2.known OR (walk_2.id IN (SELECT unnest(anon_8.ids) AS unnest_5
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_8)) IS true) AND (SELECT NOT road.few
                    FROM road) ORDER BY walk_2.key_1 DESC, walk_2.key_2 ASC, walk_2.key_3 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.budget__float AS key_1, workshop.created_date AS key_2, workshop.id AS key_3
                FROM (SELECT range_3.id AS id, range_3.owner_id AS owner_id, range_3.budget__float AS key_1, range_3.created_date AS key_2, range_3.id AS key_3, (range_3.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_4)) IS true AS known
                    FROM tenant.workshop AS range_3
                    WHERE range_3.tenant_id = %(tenant_id)s::INTEGER AND range_3.budget__float = %(after_1)s AND range_3.created_date > %(after_2)s::TIMESTAMP WITH TIME ZONE
                    ORDER BY range_3.budget__float DESC, range_3.created_date ASC, range_3.id ASC
                    LIMIT 1000000000) AS walk_3, LATERAL (SELECT tenant.workshop.tenant_id AS tenant_id, tenant.workshop.id AS id, tenant.workshop.name AS name, tenant.workshop.owner_id AS owner_id, tenant.workshop.record_type_id AS record_type_id, tenant.workshop.created_date AS created_date, tenant.workshop.created_by_id AS created_by_id, tenant.workshop.last_modified_date AS last_modified_date, tenant.workshop.last_modified_by_id AS last_modified_by_id, tenant.workshop.system_modstamp AS system_modstamp, tenant.workshop.is_deleted AS is_deleted, tenant.workshop.deleted_date AS deleted_date, tenant.workshop.deleted_by_id AS deleted_by_id, tenant.workshop.row_version AS row_version, tenant.workshop.custom AS custom, tenant.workshop.name__lower AS name__lower, tenant.workshop.code AS code, tenant.workshop.code__lower AS code__lower, tenant.workshop.serial_number AS serial_number, tenant.workshop.region AS region, tenant.workshop.region__lower AS region__lower, tenant.workshop.services AS services, tenant.workshop.opened_on AS opened_on, tenant.workshop.last_audit AS last_audit, tenant.workshop.opens_at AS opens_at, tenant.workshop.rating AS rating, tenant.workshop.rating__float AS rating__float, tenant.workshop.budget AS budget, tenant.workshop.budget__float AS budget__float, tenant.workshop.margin AS margin, tenant.workshop.is_active AS is_active, tenant.workshop.email AS email, tenant.workshop.email__lower AS email__lower, tenant.workshop.phone AS phone, tenant.workshop.phone__lower AS phone__lower, tenant.workshop.website AS website, tenant.workshop.notes AS notes, tenant.workshop.story AS story, tenant.workshop.tax_number AS tax_number, tenant.workshop.workshop_number AS workshop_number, tenant.workshop.workshop_number__lower AS workshop_number__lower, tenant.workshop.street AS street, tenant.workshop.district AS district, tenant.workshop.city AS city, tenant.workshop.state AS state, tenant.workshop.postal_code AS postal_code, tenant.workshop.country AS country, tenant.workshop.place_latitude AS place_latitude, tenant.workshop.place_latitude__float AS place_latitude__float, tenant.workshop.place_longitude AS place_longitude, tenant.workshop.place_longitude__float AS place_longitude__float, tenant.workshop.parent_workshop_id AS parent_workshop_id, tenant.workshop.foreman_id AS foreman_id
                    FROM tenant.workshop
                    WHERE tenant.workshop.tenant_id = %(tenant_id)s::INTEGER AND tenant.workshop.id = walk_3.id
                    LIMIT ALL
                    OFFSET 0) AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (walk_3.known OR (workshop.id IN (SELECT unnest(anon_9.ids) AS unnest_6
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_9)) IS true) AND (walk_3.known OR (walk_3.id IN (SELECT unnest(anon_10.ids) AS unnest_7
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_10)) IS true) AND (SELECT NOT road.few
                    FROM road) ORDER BY walk_3.key_1 DESC, walk_3.key_2 ASC, walk_3.key_3 ASC
                LIMIT %(fetch)s::BIGINT)
            UNION ALL (SELECT workshop.id AS id, workshop.budget__float AS key_1, workshop.created_date AS key_2, workshop.id AS key_3
                FROM (SELECT range_4.id AS id, range_4.owner_id AS owner_id, range_4.budget__float AS key_1, range_4.created_date AS key_2, range_4.id AS key_3, (range_4.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_5)) IS true AS known
                    FROM tenant.workshop AS range_4
                    WHERE range_4.tenant_id = %(tenant_id)s::INTEGER AND range_4.budget__float = %(after_1)s AND range_4.created_date = %(after_2)s::TIMESTAMP WITH TIME ZONE AND range_4.id > %(after_3)s::VARCHAR
                    ORDER BY range_4.budget__float DESC, range_4.created_date ASC, range_4.id ASC
                    LIMIT 1000000000) AS walk_4, LATERAL (SELECT tenant.workshop.tenant_id AS tenant_id, tenant.workshop.id AS id, tenant.workshop.name AS name, tenant.workshop.owner_id AS owner_id, tenant.workshop.record_type_id AS record_type_id, tenant.workshop.created_date AS created_date, tenant.workshop.created_by_id AS created_by_id, tenant.workshop.last_modified_date AS last_modified_date, tenant.workshop.last_modified_by_id AS last_modified_by_id, tenant.workshop.system_modstamp AS system_modstamp, tenant.workshop.is_deleted AS is_deleted, tenant.workshop.deleted_date AS deleted_date, tenant.workshop.deleted_by_id AS deleted_by_id, tenant.workshop.row_version AS row_version, tenant.workshop.custom AS custom, tenant.workshop.name__lower AS name__lower, tenant.workshop.code AS code, tenant.workshop.code__lower AS code__lower, tenant.workshop.serial_number AS serial_number, tenant.workshop.region AS region, tenant.workshop.region__lower AS region__lower, tenant.workshop.services AS services, tenant.workshop.opened_on AS opened_on, tenant.workshop.last_audit AS last_audit, tenant.workshop.opens_at AS opens_at, tenant.workshop.rating AS rating, tenant.workshop.rating__float AS rating__float, tenant.workshop.budget AS budget, tenant.workshop.budget__float AS budget__float, tenant.workshop.margin AS margin, tenant.workshop.is_active AS is_active, tenant.workshop.email AS email, tenant.workshop.email__lower AS email__lower, tenant.workshop.phone AS phone, tenant.workshop.phone__lower AS phone__lower, tenant.workshop.website AS website, tenant.workshop.notes AS notes, tenant.workshop.story AS story, tenant.workshop.tax_number AS tax_number, tenant.workshop.workshop_number AS workshop_number, tenant.workshop.workshop_number__lower AS workshop_number__lower, tenant.workshop.street AS street, tenant.workshop.district AS district, tenant.workshop.city AS city, tenant.workshop.state AS state, tenant.workshop.postal_code AS postal_code, tenant.workshop.country AS country, tenant.workshop.place_latitude AS place_latitude, tenant.workshop.place_latitude__float AS place_latitude__float, tenant.workshop.place_longitude AS place_longitude, tenant.workshop.place_longitude__float AS place_longitude__float, tenant.workshop.parent_workshop_id AS parent_workshop_id, tenant.workshop.foreman_id AS foreman_id
                    FROM tenant.workshop
                    WHERE tenant.workshop.tenant_id = %(tenant_id)s::INTEGER AND tenant.workshop.id = walk_4.id
                    LIMIT ALL
                    OFFSET 0) AS workshop
                WHERE workshop.tenant_id = %(tenant_id)s::INTEGER AND NOT workshop.is_deleted AND (walk_4.known OR (workshop.id IN (SELECT unnest(anon_11.ids) AS unnest_8
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_11)) IS true) AND (walk_4.known OR (walk_4.id IN (SELECT unnest(anon_12.ids) AS unnest_9
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_12)) IS true) AND (SELECT NOT road.few
                    FROM road) ORDER BY walk_4.key_1 DESC, walk_4.key_2 ASC, walk_4.key_3 ASC
                LIMIT %(fetch)s::BIGINT)) AS ranges ORDER BY ranges.key_1 DESC NULLS LAST, ranges.key_2 ASC, ranges.key_3 ASC
        LIMIT %(fetch)s::BIGINT) AS page)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM (SELECT workshop.position AS position, CASE WHEN (workshop.position = %(batch)s::BIGINT) THEN json_build_array(CAST(workshop.key_1 AS TEXT),
        CAST(workshop.key_2 AS TEXT),
        CAST(workshop.key_3 AS TEXT)) END AS key, (SELECT row_to_json(r)
        FROM (SELECT (SELECT row_to_json(r)
                FROM (SELECT 'Workshop' AS "type", %(url_prefix)s::VARCHAR || 'Workshop/' || workshop.id AS "url") AS r) AS "attributes", workshop.id AS "Id") AS r) AS body
    FROM workshop_page AS workshop) AS answer
