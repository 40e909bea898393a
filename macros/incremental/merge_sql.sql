{% macro merge_sql(relation, delta, keys, columns, predicates, deleted=none) %}
    {% set changed, assignments = [], [] %}
    {% set updated = merge_updated_columns(columns, keys) %}
    {% for column in quoted_columns(merge_change_columns(updated)) %}
        {% do changed.append(
            'DBT_INTERNAL_DEST.' ~ column ~ ' is distinct from DBT_INTERNAL_SOURCE.' ~ column
        ) %}
    {% endfor %}
    {% for column in quoted_columns(updated) %}
        {% do assignments.append(column ~ ' = DBT_INTERNAL_SOURCE.' ~ column) %}
    {% endfor %}
    merge into {{ relation }} as DBT_INTERNAL_DEST
    using (
        select * from {{ delta }} as DBT_INTERNAL_SOURCE
        {% if deleted %}where ({{ deleted }}) is not true{% endif %}
    ) as DBT_INTERNAL_SOURCE
    on {{ predicates | join('\n        and ') }}
    {% if assignments %}
    when matched and (
        {{ changed | join('\n        or ') }}
    ) then update set
        {{ assignments | join(',\n        ') }}
    {% endif %}
    when not matched then insert ({{ quoted_columns(columns) | join(', ') }})
    values ({{ quoted_columns(columns, 'DBT_INTERNAL_SOURCE.') | join(', ') }})
{% endmacro %}
