{% macro follow_former_versions(relation, changes) %}
    {{ return(adapter.dispatch('follow_former_versions', 'firn')(relation, changes)) }}
{% endmacro %}

{% macro duckdb__follow_former_versions(relation, changes) %}
    {#- A row that comes back after its deletion may be as old as it was: its version then
        starts where the one before it ended, for no two may hold at one time. -#}
    {% set names = config.get('snapshot_table_column_names')
        or get_snapshot_table_column_names() %}
    {% set keys = string_list(config.get('unique_key')) %}
    {% set former, same = quoted_columns(keys, 'former.'), [] %}
    {% for column in quoted_columns(keys) %}
        {% do same.append('change.' ~ column ~ ' = former.' ~ column) %}
    {% endfor %}
    {% set ended = names.dbt_valid_to %}
    {% if config.get('dbt_valid_to_current') %}
        {% set ended = 'nullif(' ~ ended ~ ', ' ~ config.get('dbt_valid_to_current') ~ ')' %}
    {% endif %}
    {% call statement('follow_former_versions', auto_begin=False) %}
        update {{ changes }} as change set
            {{ names.dbt_valid_from }} = former.ended_at,
            {{ names.dbt_valid_to }} = case
                when dbt_change_type = 'update' then former.ended_at
                else change.{{ names.dbt_valid_to }}
            end,
            {{ names.dbt_scd_id }} = case
                when dbt_change_type = 'update' then change.{{ names.dbt_scd_id }}
                else {{ snapshot_hash_arguments(former + ['former.ended_at']) }}
            end
        from (
            select
                {{ quoted_columns(keys) | join(', ') }},
                max(greatest({{ names.dbt_valid_from }}, {{ ended }})) as ended_at
            from {{ relation }}
            group by all
        ) as former
        where {{ same | join(' and ') }}
            and dbt_change_type in ('insert', 'update')
            and change.{{ names.dbt_valid_from }} < former.ended_at
            {% if adapter.get_hard_deletes_behavior(config) == 'new_record' %}
            and not (
                dbt_change_type = 'insert' and change.{{ names.dbt_is_deleted }} = 'True'
            )
            {% endif %}
    {% endcall %}
{% endmacro %}
