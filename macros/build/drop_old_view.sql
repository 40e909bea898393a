{% macro drop_old_view(relation) %}
    {#- What was a view becomes a table: one name is one object in the lake. -#}
    {% set view = adapter.get_relation('memory', relation.schema, relation.identifier) %}
    {% if view is not none %}
        {% do adapter.drop_relation(view) %}
    {% endif %}
{% endmacro %}
