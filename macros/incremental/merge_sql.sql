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
    {{ adapter.dispatch('merge_using', 'firn')(delta, predicates, deleted) }}
    {% if assignments %}
    when matched and (
        {{ changed | join('\n        or ') }}
    ) then update set
        {{ assignments | join(',\n        ') }}
    {% endif %}
    when not matched {{ adapter.dispatch('merge_insert_condition', 'firn')(deleted) }}
    then insert ({{ quoted_columns(columns) | join(', ') }})
    values ({{ quoted_columns(columns, 'DBT_INTERNAL_SOURCE.') | join(', ') }})
{% endmacro %}

{% macro duckdb__merge_using(delta, predicates, deleted) %}
    {#- DuckDB's MERGE on Iceberg either updates or deletes: deletes are a statement. -#}
    using (
        select * from {{ delta }} as DBT_INTERNAL_SOURCE
        {% if deleted %}where ({{ deleted }}) is not true{% endif %}
    ) as DBT_INTERNAL_SOURCE
    on {{ predicates | join('\n        and ') }}
{% endmacro %}

{% macro duckdb__merge_insert_condition(deleted) %}{% endmacro %}

{% macro spark__merge_using(delta, predicates, deleted) %}
    using {{ delta }} as DBT_INTERNAL_SOURCE
    on {{ predicates | join('\n        and ') }}
    {% if deleted %}when matched and ({{ deleted }}) then delete{% endif %}
{% endmacro %}

{% macro spark__merge_insert_condition(deleted) %}
    {% if deleted %}and ({{ deleted }}) is not true{% endif %}
{% endmacro %}
