{% macro merge_predicates(keys, bounds) %}
    {{ return(equal_keys(keys) + target_predicates(bounds)) }}
{% endmacro %}
