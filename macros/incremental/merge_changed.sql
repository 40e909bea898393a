{% macro merge_changed(updated) %}
    {% set changed = [] %}
    {% for column in quoted_columns(merge_change_columns(updated)) %}
        {% do changed.append(
            'DBT_INTERNAL_DEST.' ~ column ~ ' is distinct from DBT_INTERNAL_SOURCE.' ~ column
        ) %}
    {% endfor %}
    {{ return(changed) }}
{% endmacro %}
