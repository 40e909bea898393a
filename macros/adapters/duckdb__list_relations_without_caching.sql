{% macro duckdb__list_relations_without_caching(schema_relation) %}
    {#- One request for the names; asking DuckDB would load every table's metadata. -#}
    {% set type = 'view' if schema_relation.database == 'memory' else 'table' %}
    {% set rows = [] %}
    {% for name in lake_call('list', {'schema': schema_relation.schema, 'type': type}) %}
        {% do rows.append([schema_relation.database, name, schema_relation.schema, type]) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}
