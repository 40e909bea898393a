{% macro duckdb__drop_schema(relation) %}
    {% do lake_call('drop_schema', {'schema': relation.schema}) %}
    {% call statement('drop_schema', auto_begin=False) %}
        drop schema if exists memory.{{ adapter.quote(relation.schema) }} cascade
    {% endcall %}
{% endmacro %}
