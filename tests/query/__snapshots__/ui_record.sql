WITH "shared_Workshop_writable" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_3)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE) AND share.access_level = 'Edit')) AS ids),
"shared_Workshop_visible" AS (SELECT array((SELECT share.record_id
            FROM tenant.record_share AS share
            WHERE share.tenant_id = %(tenant_id)s::INTEGER AND share.object_name = %(param_4)s::VARCHAR AND NOT share.is_deleted AND share.user_or_group_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) AND (share.expires_at IS NULL OR share.expires_at > %(asked_at)s::TIMESTAMP WITH TIME ZONE))) AS ids),
stay_page AS (SELECT page.tenant_id AS tenant_id, page.id AS id, page.name AS name, page.record_type_id AS record_type_id, page.created_date AS created_date, page.created_by_id AS created_by_id, page.last_modified_date AS last_modified_date, page.last_modified_by_id AS last_modified_by_id, page.system_modstamp AS system_modstamp, page.is_deleted AS is_deleted, page.row_version AS row_version, page.workshop_id AS workshop_id, page.customer_id AS customer_id, page.about_id AS about_id, page.status AS status, page.amount AS amount, page.key_1 AS key_1, row_number() OVER (ORDER BY page.key_1 ASC) AS position
    FROM (SELECT stay.tenant_id AS tenant_id, stay.id AS id, stay.name AS name, stay.record_type_id AS record_type_id, stay.created_date AS created_date, stay.created_by_id AS created_by_id, stay.last_modified_date AS last_modified_date, stay.last_modified_by_id AS last_modified_by_id, stay.system_modstamp AS system_modstamp, stay.is_deleted AS is_deleted, stay.row_version AS row_version, stay.workshop_id AS workshop_id, stay.customer_id AS customer_id, stay.about_id AS about_id, stay.status AS status, stay.amount AS amount, stay.id AS key_1
        FROM tenant.stay AS stay
        WHERE stay.tenant_id = %(tenant_id)s::INTEGER AND (EXISTS (SELECT *
                FROM tenant.workshop AS parent_1
                WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = stay.workshop_id AND ((parent_1.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_1)) IS true OR (parent_1.id IN (SELECT unnest(anon_9.ids) AS unnest_1
                            FROM (SELECT "shared_Workshop_visible".ids AS ids
                                FROM "shared_Workshop_visible") AS anon_9)) IS true))) AND stay.id = %(value_1)s::VARCHAR
        ORDER BY stay.id ASC
        LIMIT %(fetch)s::BIGINT) AS page),
answer AS (SELECT stay.position AS position, CASE WHEN (stay.position = %(batch)s::BIGINT) THEN json_build_array(CAST(stay.key_1 AS TEXT)) END AS key, (SELECT row_to_json(r)
        FROM (SELECT 'Stay' AS "object", stay.id AS "id", stay.row_version AS "version", stay.record_type_id AS "record_type_id", NULL AS "record_type", (SELECT row_to_json(r)
                FROM (SELECT stay.id AS "Id", stay.name AS "Name", stay.workshop_id AS "WorkshopId", stay.customer_id AS "CustomerId", stay.about_id AS "AboutId", stay.status AS "Status", stay.amount AS "Amount", to_char(timezone('UTC', stay.created_date),
                        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "CreatedDate", stay.created_by_id AS "CreatedById", to_char(timezone('UTC', stay.last_modified_date),
                        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "LastModifiedDate", stay.last_modified_by_id AS "LastModifiedById", to_char(timezone('UTC', stay.system_modstamp),
                        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "SystemModstamp", coalesce(stay.is_deleted, false) AS "IsDeleted") AS r) AS "values", json_strip_nulls((SELECT row_to_json(r)
                    FROM (SELECT workshop.name AS "WorkshopId", customer.name AS "CustomerId", coalesce(about_workshop.name, about_customer.name) AS "AboutId", created_by.name AS "CreatedById", last_modified_by.name AS "LastModifiedById") AS r)) AS "labels", (SELECT row_to_json(r)
                FROM (SELECT (EXISTS (SELECT *
                            FROM tenant.workshop AS parent_1
                            WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = stay.workshop_id AND (parent_1.owner_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) OR parent_1.id = ANY (CAST((SELECT "shared_Workshop_writable".ids
                                            FROM "shared_Workshop_writable") AS TEXT[]))))) AND NOT stay.is_deleted AS "update", (EXISTS (SELECT *
                            FROM tenant.workshop AS parent_1
                            WHERE parent_1.tenant_id = %(tenant_id)s::INTEGER AND parent_1.id = stay.workshop_id AND (parent_1.owner_id = ANY (CAST((SELECT string_to_array(%(us)s::VARCHAR, ',') AS ids) AS TEXT[])) OR parent_1.id = ANY (CAST((SELECT "shared_Workshop_writable".ids
                                            FROM "shared_Workshop_writable") AS TEXT[]))))) AND NOT stay.is_deleted AS "delete") AS r) AS "permissions", stay.is_deleted AS "is_deleted") AS r) AS body, customer.id AS ids_1, about_customer.id AS ids_2
    FROM stay_page AS stay
    LEFT OUTER JOIN tenant.workshop AS workshop ON workshop.id = stay.workshop_id AND workshop.tenant_id = %(tenant_id)s::INTEGER AND (SELECT (workshop.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_2)) IS true OR (workshop.id IN (SELECT unnest(anon_11.ids) AS unnest_2
                FROM (SELECT "shared_Workshop_visible".ids AS ids
                    FROM "shared_Workshop_visible") AS anon_11)) IS true AS anon_10)
    LEFT OUTER JOIN tenant.customer AS customer ON customer.id = stay.customer_id AND customer.tenant_id = %(tenant_id)s::INTEGER
    LEFT OUTER JOIN tenant.workshop AS about_workshop ON about_workshop.id = stay.about_id AND about_workshop.tenant_id = %(tenant_id)s::INTEGER AND (SELECT (about_workshop.owner_id IN (SELECT string_to_table(%(us)s::VARCHAR, ',') AS string_to_table_3)) IS true OR (about_workshop.id IN (SELECT unnest(anon_13.ids) AS unnest_3
                FROM (SELECT "shared_Workshop_visible".ids AS ids
                    FROM "shared_Workshop_visible") AS anon_13)) IS true AS anon_12)
    LEFT OUTER JOIN tenant.customer AS about_customer ON about_customer.id = stay.about_id AND about_customer.tenant_id = %(tenant_id)s::INTEGER
    LEFT OUTER JOIN tenant."user" AS created_by ON created_by.id = stay.created_by_id AND created_by.tenant_id = %(tenant_id)s::INTEGER
    LEFT OUTER JOIN tenant."user" AS last_modified_by ON last_modified_by.id = stay.last_modified_by_id AND last_modified_by.tenant_id = %(tenant_id)s::INTEGER),
logged AS (INSERT INTO data.access_log (tenant_id, id, name, user_id, object_name, record_ids, fields, record_count, digest, door, source_ip, session_id, client_name, acting_user_id, created_by_id, last_modified_by_id)
    SELECT %(tenant_id)s::INTEGER AS anon_1, min(shown.entry) AS min_1, min(shown.entry) AS min__1, %(user_id)s::VARCHAR AS anon_2, shown.object_name AS object_name, trim_array(shown.ids, greatest(cardinality(shown.ids) - 2000, 0)) AS trim_array_1, array_agg(field.name
        ORDER BY shown.number, field.place) AS array_agg_1, cardinality(shown.ids) AS cardinality_1, CASE WHEN (cardinality(shown.ids) > 200) THEN encode(sha256(convert_to(array_to_string(shown.ids, ','),
                'UTF8')),
        'hex') END AS anon_3, %(door)s::VARCHAR AS anon_4, %(source_ip)s::VARCHAR AS anon_5, %(session_id)s::VARCHAR AS anon_6, %(client_name)s::VARCHAR AS anon_7, %(acting_user_id)s::VARCHAR AS anon_8, %(user_id)s::VARCHAR AS anon__1, %(user_id)s::VARCHAR AS anon__2
    FROM (SELECT 1 AS number, %(entry_1)s::VARCHAR AS entry, %(param_1)s::VARCHAR AS object_name, %(param_2)s::TEXT[] AS fields, array_agg(DISTINCT (read_1.id COLLATE "C")) FILTER (WHERE read_1.id IS NOT NULL) AS ids
        FROM (SELECT answer.ids_1 AS id
            FROM answer
            WHERE answer.position <= %(batch)s::BIGINT AND answer.ids_1 IS NOT NULL) AS read_1
        UNION ALL
        SELECT 2 AS number, %(entry_2)s::VARCHAR AS entry, %(param_5)s::VARCHAR AS object_name, %(param_6)s::TEXT[] AS fields, array_agg(DISTINCT (read_2.id COLLATE "C")) FILTER (WHERE read_2.id IS NOT NULL) AS ids
        FROM (SELECT answer.ids_2 AS id
            FROM answer
            WHERE answer.position <= %(batch)s::BIGINT AND answer.ids_2 IS NOT NULL) AS read_2) AS shown JOIN unnest(shown.fields) WITH ORDINALITY AS field(name, place) ON true
    WHERE shown.ids IS NOT NULL
    GROUP BY shown.object_name, shown.ids)
SELECT coalesce(json_agg(answer.body ORDER BY answer.position) FILTER (WHERE answer.position <= %(batch)s::BIGINT),
    '[]'::json) AS records, count(*) AS found, json_agg(answer.key) FILTER (WHERE answer.position = %(batch)s::BIGINT) -> 0 AS last_key
FROM answer
