{% macro create_delta(sql, suffix='delta') %}
    {{ return(adapter.dispatch('create_delta', 'firn')(sql, suffix)) }}
{% endmacro %}

{% macro duckdb__create_delta(sql, suffix) %}
    {#- A temporary table is its connection's own: other models and processes have
        theirs. -#}
    {% set delta = api.Relation.create(identifier=this.identifier ~ '__firn_' ~ suffix) %}
    {% call statement('create_delta', auto_begin=False) %}
        create or replace temporary table {{ delta }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ return(delta) }}
{% endmacro %}

{% macro spark__create_delta(sql, suffix) %}
    {#- The session is shared by all threads, so the name is this model's alone. -#}
    {% set name = ['firn', local_md5(model.unique_id), suffix] | join('_') %}
    {% do lake_call('pin', {'name': name, 'sql': sql}) %}
    {{ return(api.Relation.create(identifier=name, type='view')) }}
{% endmacro %}
