{% macro duckdb__create_schema(relation) %}
    {#- Both doors of a schema: its tables in the lake, its views in memory. -#}
    {% do lake_call('create_schema', {'schema': relation.schema}) %}
    {% call statement('create_schema', auto_begin=False) %}
        create schema if not exists memory.{{ adapter.quote(relation.schema) }}
    {% endcall %}
{% endmacro %}
