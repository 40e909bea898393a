{% macro duckdb__list_schemas(database) %}
    {% if database | lower == target.database %}
        {% set names = lake_call('schemas', {}) %}
    {% else %}
        {% set names = run_query(
            "select schema_name from duckdb_schemas() where database_name = '"
            ~ database ~ "'"
        ).columns[0].values() %}
    {% endif %}
    {% set rows = [] %}
    {% for name in names %}
        {% do rows.append([name]) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}
