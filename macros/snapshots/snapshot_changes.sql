{% macro snapshot_changes(relation, sql, strategy) %}
    {{ return(adapter.dispatch('snapshot_changes', 'firn')(relation, sql, strategy)) }}
{% endmacro %}

{% macro default__snapshot_changes(relation, sql, strategy) %}
    {% set names = config.get('snapshot_table_column_names')
        or get_snapshot_table_column_names() %}
    {% do adapter.assert_valid_snapshot_target_given_strategy(relation, names, strategy) %}
    {% set changes_sql = snapshot_staging_table(strategy, sql, relation) %}
    {% do check_time_data_types(changes_sql) %}
    {% set changes = create_delta(changes_sql, suffix='changes') %}
    {% if config.get('strategy') == 'timestamp' %}
        {% set changes = follow_former_versions(relation, changes) %}
    {% endif %}
    {% do check_epoch(changes, relation) %}
    {% set columns = [] %}
    {% for column in describe_query('select * from ' ~ changes) %}
        {% if column.name != 'dbt_change_type' and not column.name.startswith('dbt_unique_key') %}
            {% do columns.append(column) %}
        {% endif %}
    {% endfor %}
    {#- A column that the source lost stays, with NULL in the versions to come. -#}
    {% set written = evolve_table(relation, columns, 'append_new_columns') %}
    {% set rows = 0 %}
    {% if not has_nothing('select * from ' ~ changes) %}
        {% call statement('merge', fetch_result=True, auto_begin=False) %}
            {{ snapshot_merge_sql(relation, changes, quoted_columns(written)) }}
        {% endcall %}
        {% set rows = adapter.dispatch('snapshot_rows', 'firn')(relation) %}
    {% endif %}
    {% do drop_delta(changes) %}
    {{ return(rows) }}
{% endmacro %}

{% macro duckdb__snapshot_rows(relation) %}
    {{ return(load_result('merge').data[0][0]) }}
{% endmacro %}

{% macro spark__snapshot_rows(relation) %}
    {{ return(rows_merged(lake_call('summary', {
        'schema': relation.schema, 'name': relation.identifier
    }))) }}
{% endmacro %}
