{% macro delete_insert_rows(relation, sql, keys) %}
    {{ return(adapter.dispatch('delete_insert_rows', 'firn')(relation, sql, keys)) }}
{% endmacro %}

{% macro duckdb__delete_insert_rows(relation, sql, keys) %}
    {#- The key names a group of rows here, and the delta has all rows of its groups. -#}
    {% set delta = create_delta(sql) %}
    {% do check_rows(delta) %}
    {% do check_epoch(delta, relation) %}
    {% do check_keys(delta, keys, unique=false) %}
    {% set columns = describe_query('select * from ' ~ delta) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set bounds = column_bounds(delta, bounded_columns(keys), columns) %}
    {% set predicates = merge_predicates(keys, bounds) %}
    {% call statement('delete_groups') %}
        {{ merge_deletes_sql(relation, delta, predicates, 'true') }}
    {% endcall %}
    {% set rows = insert_rows(
        relation, 'select * from ' ~ delta, sort_columns(), written
    ) %}
    {% do adapter.commit() %}
    {% do drop_delta(delta) %}
    {{ return(rows) }}
{% endmacro %}

{% macro spark__delete_insert_rows(relation, sql, keys) %}
    {#- One MERGE, one commit: a key alone marks its group for deletion, and the rows
        that come match nothing. -#}
    {% set delta = create_delta(sql) %}
    {% do check_rows(delta) %}
    {% do check_epoch(delta, relation) %}
    {% do check_keys(delta, keys, unique=false) %}
    {% set columns = describe_query('select * from ' ~ delta) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set bounds = column_bounds(delta, bounded_columns(keys), columns) %}
    {% set predicates = merge_predicates(keys, bounds) %}
    {% set only_keys = [] %}
    {% for column in quoted_columns(written) %}
        {% set is_key = column | lower in quoted_columns(keys) | map('lower') | list %}
        {% do only_keys.append(column if is_key else 'null as ' ~ column) %}
    {% endfor %}
    {% call statement('merge', auto_begin=False) %}
        merge into {{ relation }} as DBT_INTERNAL_DEST
        using (
            select true as firn_is_group, {{ only_keys | join(', ') }}
            from {{ delta }} group by {{ quoted_columns(keys) | join(', ') }}
            union all
            select false as firn_is_group, {{ quoted_columns(written) | join(', ') }}
            from {{ delta }}
        ) as DBT_INTERNAL_SOURCE
        on DBT_INTERNAL_SOURCE.firn_is_group
            and {{ predicates | join('\n            and ') }}
        when matched then delete
        when not matched and not DBT_INTERNAL_SOURCE.firn_is_group
        then insert ({{ quoted_columns(written) | join(', ') }})
        values ({{ quoted_columns(written, 'DBT_INTERNAL_SOURCE.') | join(', ') }})
    {% endcall %}
    {% set rows = run_query('select count(*) from ' ~ delta).rows[0][0] %}
    {% do drop_delta(delta) %}
    {{ return(rows) }}
{% endmacro %}
