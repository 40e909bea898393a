{% macro replace_rows(relation, filled, column, ranges) %}
    {% set type = column_type(relation, column) %}
    {% set conditions = [] %}
    {% for range in ranges %}
        {% do conditions.append(
            '(' ~ in_range(quoted_columns([column])[0], typed_bounds(range, type)) ~ ')'
        ) %}
    {% endfor %}
    {% call statement('replace_delete') %}
        delete from {{ relation }} where {{ conditions | join(' or ') }}
    {% endcall %}
    {% do insert_rows(relation, 'select * from ' ~ filled, []) %}
    {% do adapter.commit() %}
{% endmacro %}
