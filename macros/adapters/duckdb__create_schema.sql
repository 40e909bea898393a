{% macro duckdb__create_schema(relation) %}
    {#- A view is an object of the lake, too, so both kinds of schema make the namespace;
    dbt asks for each kind on a thread of its own, and DuckDB refuses to make the same
    schema twice at once. -#}
    {% do lake_call('create_schema', {'schema': relation.schema}) %}
    {% if relation.database | lower != target.database %}
        {% call statement('create_schema', auto_begin=False) %}
            create schema if not exists
                {{ adapter.quote(relation.database) }}.{{ adapter.quote(relation.schema) }}
        {% endcall %}
    {% endif %}
{% endmacro %}
