{% macro follow_former_versions(relation, changes) %}
    {{ return(adapter.dispatch('follow_former_versions', 'firn')(relation, changes)) }}
{% endmacro %}

{% macro duckdb__follow_former_versions(relation, changes) %}
    {#- A row that comes back after its deletion may be as old as it was: its version then
        starts where the one before it ended, for no two may hold at one time. -#}
    {% set names = config.get('snapshot_table_column_names')
        or get_snapshot_table_column_names() %}
    {% set former, same, selected = [], [], [] %}
    {% for key in snapshot_keys() %}
        {% set name = 'firn_key_' ~ loop.index %}
        {% do former.append('former.' ~ name) %}
        {% do same.append(key ~ ' = former.' ~ name) %}
        {% do selected.append(key ~ ' as ' ~ name) %}
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
                {{ selected | join(', ') }},
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
    {{ return(changes) }}
{% endmacro %}

{% macro spark__follow_former_versions(relation, changes) %}
    {#- As above; pinned rows do not change, so there are new ones. -#}
    {% set names = config.get('snapshot_table_column_names')
        or get_snapshot_table_column_names() %}
    {% set from, to, id = names.dbt_valid_from, names.dbt_valid_to, names.dbt_scd_id %}
    {% set ended = to %}
    {% if config.get('dbt_valid_to_current') %}
        {% set ended = 'nullif(' ~ to ~ ', ' ~ config.get('dbt_valid_to_current') ~ ')' %}
    {% endif %}
    {% set same, kept, selected = [], [], [] %}
    {% for key in snapshot_keys() %}
        {% set name = 'firn_key_' ~ loop.index %}
        {% do same.append(key ~ ' = former.' ~ name) %}
        {% do selected.append(key ~ ' as ' ~ name) %}
    {% endfor %}
    {% for column in describe_query('select * from ' ~ changes) %}
        {% if column.name | lower not in [from, to, id] | map('lower') | list %}
            {% do kept.append('change.' ~ quoted_columns([column.name])[0]) %}
        {% endif %}
    {% endfor %}
    {% set moved %}
        select
            {{ kept | join(',\n            ') }},
            case when is_moved then ended_at else change.{{ from }} end as {{ from }},
            case
                when is_moved and dbt_change_type = 'update' then ended_at
                else change.{{ to }}
            end as {{ to }},
            case
                when is_moved and dbt_change_type <> 'update'
                then {{ snapshot_hash_arguments(snapshot_keys() + ['ended_at']) }}
                else change.{{ id }}
            end as {{ id }}
        from (
            select
                change.*,
                former.ended_at,
                coalesce(
                    dbt_change_type in ('insert', 'update')
                    and change.{{ from }} < former.ended_at
                    {% if adapter.get_hard_deletes_behavior(config) == 'new_record' %}
                    and not (
                        dbt_change_type = 'insert'
                        and change.{{ names.dbt_is_deleted }} = 'True'
                    )
                    {% endif %},
                    false
                ) as is_moved
            from {{ changes }} as change
            left join (
                select
                    {{ selected | join(', ') }},
                    max(greatest({{ from }}, {{ ended }})) as ended_at
                from {{ relation }}
                group by {{ snapshot_keys() | join(', ') }}
            ) as former on {{ same | join(' and ') }}
        ) as change
    {% endset %}
    {% set followed = create_delta(moved, suffix='followed') %}
    {% do drop_delta(changes) %}
    {{ return(followed) }}
{% endmacro %}
