{% macro duckdb__snapshot_merge_sql(target, source, insert_cols) %}
    {{ return(_snapshot_merge_sql(target, source, insert_cols)) }}
{% endmacro %}

{% macro spark__snapshot_merge_sql(target, source, insert_cols) %}
    {{ return(_snapshot_merge_sql(target, source, insert_cols)) }}
{% endmacro %}

{% macro _snapshot_merge_sql(target, source, insert_cols) %}
    {#- One statement, one commit: close the versions that ended, add those that began.
        A row that comes back after its deletion has the id of its former version, so
        what is to be added never matches. -#}
    {% set names = config.get('snapshot_table_column_names')
        or get_snapshot_table_column_names() %}
    {% set ended = 'DBT_INTERNAL_DEST.' ~ names.dbt_valid_to %}
    merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on DBT_INTERNAL_SOURCE.{{ names.dbt_scd_id }} = DBT_INTERNAL_DEST.{{ names.dbt_scd_id }}
        and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
    when matched
        and (
            {{ ended }} is null
            {% if config.get('dbt_valid_to_current') %}
            or {{ ended }} = {{ config.get('dbt_valid_to_current') }}
            {% endif %}
        )
    then update set
        {{ names.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ names.dbt_valid_to }}
    when not matched and DBT_INTERNAL_SOURCE.dbt_change_type = 'insert'
    then insert ({{ insert_cols | join(', ') }})
    values (
        {% for column in insert_cols %}
        DBT_INTERNAL_SOURCE.{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    )
{% endmacro %}
