{% macro duckdb__truncate_relation(relation) %}
    {#- By metadata: DuckDB would write a position delete for every row. -#}
    {% if relation.database == target.database %}
        {% do _truncate(relation) %}
    {% else %}
        {% call statement('truncate_relation', auto_begin=False) %}
            truncate table {{ relation }}
        {% endcall %}
    {% endif %}
{% endmacro %}

{% macro _truncate(relation) %}
    {% set id = {'schema': relation.schema, 'name': relation.identifier} %}
    {% set staged = lake_call('stage', dict(id, definition=none)) %}
    {% do lake_call('swap', dict(id, staged=staged)) %}
{% endmacro %}
