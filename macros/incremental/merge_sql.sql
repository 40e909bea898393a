{% macro merge_sql(relation, delta, keys, columns, predicates, deleted=none) %}
    {{ merge_matched_sql(relation, delta, keys, columns, predicates, deleted) }}
    when not matched {{ adapter.dispatch('merge_insert_condition', 'firn')(deleted) }}
    then insert ({{ quoted_columns(columns) | join(', ') }})
    values ({{ quoted_columns(columns, 'DBT_INTERNAL_SOURCE.') | join(', ') }})
{% endmacro %}

{% macro merge_matched_sql(relation, delta, keys, columns, predicates, deleted=none) %}
    {% set assignments = [] %}
    {% set updated = merge_updated_columns(columns, keys) %}
    {% set changed = merge_changed(updated) %}
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
    {#- The condition speaks of the delta, so it is asked before the target is there. -#}
    using (
        select
            *
            {% if deleted %}, coalesce(({{ deleted }}), false) as firn_is_deleted{% endif %}
        from {{ delta }} as DBT_INTERNAL_SOURCE
    ) as DBT_INTERNAL_SOURCE
    on {{ predicates | join('\n        and ') }}
    {% if deleted %}when matched and DBT_INTERNAL_SOURCE.firn_is_deleted then delete{% endif %}
{% endmacro %}

{% macro spark__merge_insert_condition(deleted) %}
    {% if deleted %}and not DBT_INTERNAL_SOURCE.firn_is_deleted{% endif %}
{% endmacro %}
