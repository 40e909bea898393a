with

orders as (

    select * from {{ ref('fct_orders') }}

),

stores as (

    select * from {{ ref('dim_stores') }}

),

dates as (

    select * from {{ ref('dim_order_date') }}

),

balances as (

    select * from {{ ref('fct_store_customers_daily') }}

),

orders_summed as (

    select
        orders.store_key,
        dates.order_month_start_date,
        count(*) as order_count,
        sum(orders.subtotal_usd) as revenue_usd,
        sum(orders.gross_profit_usd) as gross_profit_usd,
        max(dates.order_date) as last_order_date
    from orders
    inner join dates on orders.order_date_key = dates.order_date_key
    group by orders.store_key, dates.order_month_start_date

),

rpt_store_revenue_monthly as (

    select
        {{ surrogate_key([
            'orders_summed.store_key', 'orders_summed.order_month_start_date',
        ]) }} as store_month_key,

        stores.store_name,
        stores.region,

        orders_summed.order_count,
        cast(orders_summed.revenue_usd as decimal(18, 2)) as revenue_usd,
        cast(orders_summed.gross_profit_usd as decimal(18, 2)) as gross_profit_usd,
        {{ usd_per('orders_summed.revenue_usd', 'orders_summed.order_count') }}
            as revenue_per_order_usd,
        {# a balance: the last day's, never a sum over days #}
        balances.customers_to_date_count as customers_at_month_end_count,

        orders_summed.order_month_start_date as month_start_date

    from orders_summed
    inner join stores on orders_summed.store_key = stores.store_key
    left join balances
        on
            orders_summed.store_key = balances.store_key
            and orders_summed.last_order_date = balances.date_day

)

select * from rpt_store_revenue_monthly
