{% macro replace_rows(relation, filled, column, ranges) %}
    {% do adapter.dispatch('replace_rows', 'firn')(relation, filled, column, ranges) %}
{% endmacro %}

{% macro duckdb__replace_rows(relation, filled, column, ranges) %}
    {% call statement('replace_delete') %}
        delete from {{ relation }} where {{ _in_ranges(relation, column, ranges) }}
    {% endcall %}
    {% do insert_rows(relation, 'select * from ' ~ filled, []) %}
    {% do adapter.commit() %}
{% endmacro %}

{% macro spark__replace_rows(relation, filled, column, ranges) %}
    {#- One MERGE, one commit: nothing of the source matches, so all of it is added, and
        what is in the ranges goes. -#}
    {% set names = quoted_columns(describe_query('select * from ' ~ filled)
        | map(attribute='name') | list) %}
    {% set key = quoted_columns([column])[0] %}
    {% call statement('replace_rows', auto_begin=False) %}
        merge into {{ relation }} as DBT_INTERNAL_DEST
        using (
            select false as firn_matches, * from {{ filled }}
        ) as DBT_INTERNAL_SOURCE
        on DBT_INTERNAL_SOURCE.firn_matches
            and DBT_INTERNAL_SOURCE.{{ key }} = DBT_INTERNAL_DEST.{{ key }}
        when not matched then insert ({{ names | join(', ') }})
        values (DBT_INTERNAL_SOURCE.{{ names | join(', DBT_INTERNAL_SOURCE.') }})
        when not matched by source and (
            {{ _in_ranges(relation, column, ranges, 'DBT_INTERNAL_DEST.') }}
        ) then delete
    {% endcall %}
{% endmacro %}

{% macro _in_ranges(relation, column, ranges, prefix='') %}
    {% set type = column_type(relation, column) %}
    {% set conditions = [] %}
    {% for range in ranges %}
        {% do conditions.append(
            '(' ~ in_range(quoted_columns([column], prefix)[0], typed_bounds(range, type)) ~ ')'
        ) %}
    {% endfor %}
    {{ return(conditions | join(' or ')) }}
{% endmacro %}
