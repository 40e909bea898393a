{% macro drop_old_view(relation) %}
    {#- What was a view becomes a table: one name is one object in the lake. -#}
    {% set view = adapter.dispatch('view_of_name', 'firn')(relation) %}
    {% if view is not none %}
        {% do adapter.drop_relation(view) %}
    {% endif %}
{% endmacro %}

{% macro duckdb__view_of_name(relation) %}
    {{ return(adapter.get_relation('memory', relation.schema, relation.identifier)) }}
{% endmacro %}

{% macro spark__view_of_name(relation) %}
    {% set found = load_cached_relation(relation) %}
    {{ return(found if found is not none and found.is_view else none) }}
{% endmacro %}
