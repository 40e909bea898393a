{% macro equal_keys(keys, source_prefix='') %}
    {% set equal = [] %}
    {% for dest in quoted_columns(keys) %}
        {% set source = '"' ~ source_prefix ~ dest[1:] %}
        {% do equal.append('DBT_INTERNAL_SOURCE.' ~ source ~ ' = DBT_INTERNAL_DEST.' ~ dest) %}
    {% endfor %}
    {{ return(equal) }}
{% endmacro %}
