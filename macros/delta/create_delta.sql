{% macro create_delta(sql) %}
    {{ return(adapter.dispatch('create_delta', 'firn')(sql)) }}
{% endmacro %}

{% macro duckdb__create_delta(sql) %}
    {#- A temporary table is its connection's own: other models and processes have
        theirs. -#}
    {% set delta = api.Relation.create(identifier=this.identifier ~ '__firn_delta') %}
    {% call statement('create_delta', auto_begin=False) %}
        create or replace temporary table {{ delta }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ return(delta) }}
{% endmacro %}
