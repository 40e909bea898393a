{% macro merge_predicates(delta, keys, columns) %}
    {{ return(equal_keys(keys) + target_predicates(delta, keys, columns)) }}
{% endmacro %}
