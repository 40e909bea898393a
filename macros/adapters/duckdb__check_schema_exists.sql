{% macro duckdb__check_schema_exists(information_schema, schema) %}
    {% set rows = duckdb__list_schemas(information_schema.database) %}
    {{ return([[1 if [schema] in rows else 0]]) }}
{% endmacro %}
