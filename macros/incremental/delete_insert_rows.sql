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
    {#- The delta stays within EXISTS: a predicate that names a bare column means the
        table's, as in dbt's own delete+insert. -#}
    {% call statement('delete_groups') %}
        delete from {{ relation }} as DBT_INTERNAL_DEST
        where exists (
            select 1 from {{ delta }} as DBT_INTERNAL_SOURCE
            where {{ equal_keys(keys) | join('\n                and ') }}
        )
        {% for predicate in target_predicates(bounds) %}
            and {{ predicate }}
        {% endfor %}
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
        that come match nothing. Their columns have names of their own, so that a bare
        one in a predicate means the table's. -#}
    {% set delta = create_delta(sql) %}
    {% do check_rows(delta) %}
    {% do check_epoch(delta, relation) %}
    {% do check_keys(delta, keys, unique=false) %}
    {% set columns = describe_query('select * from ' ~ delta) %}
    {% set written = evolve_table(relation, columns, on_schema_change()) %}
    {% set bounds = column_bounds(delta, bounded_columns(keys), columns) %}
    {% set predicates = equal_keys(keys, source_prefix='firn_new_')
        + target_predicates(bounds) %}
    {% set key_columns = quoted_columns(keys) | map('lower') | list %}
    {% set renamed, only_keys, rows_new = [], [], [] %}
    {% for name in written %}
        {% set column = quoted_columns([name])[0] %}
        {% set new = quoted_columns(['firn_new_' ~ name])[0] %}
        {% do renamed.append('DBT_INTERNAL_SOURCE.' ~ new) %}
        {% do rows_new.append(column ~ ' as ' ~ new) %}
        {% do only_keys.append(
            (column if column | lower in key_columns else 'null') ~ ' as ' ~ new
        ) %}
    {% endfor %}
    {% call statement('merge', auto_begin=False) %}
        merge into {{ relation }} as DBT_INTERNAL_DEST
        using (
            select true as firn_is_group, {{ only_keys | join(', ') }}
            from {{ delta }} group by {{ quoted_columns(keys) | join(', ') }}
            union all
            select false as firn_is_group, {{ rows_new | join(', ') }}
            from {{ delta }}
        ) as DBT_INTERNAL_SOURCE
        on DBT_INTERNAL_SOURCE.firn_is_group
            and {{ predicates | join('\n            and ') }}
        when matched then delete
        when not matched and not DBT_INTERNAL_SOURCE.firn_is_group
        then insert ({{ quoted_columns(written) | join(', ') }})
        values ({{ renamed | join(', ') }})
    {% endcall %}
    {% set rows = run_query('select count(*) from ' ~ delta).rows[0][0] %}
    {% do drop_delta(delta) %}
    {{ return(rows) }}
{% endmacro %}
