{% macro spark__truncate_relation(relation) %}
    {% do _truncate(relation) %}
{% endmacro %}
