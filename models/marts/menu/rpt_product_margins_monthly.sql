with

items as (

    select * from {{ ref('fct_order_items') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

dates as (

    select * from {{ ref('dim_order_date') }}

),

items_summed as (

    select
        products.product_id,
        products.current_product_name as product_name,
        dates.order_month_start_date as month_start_date,
        count(*) as item_count,
        coalesce(sum(items.price_usd), 0) as revenue_usd,
        coalesce(sum(items.supply_cost_usd), 0) as supply_cost_usd
    from items
    inner join products on items.product_key = products.product_key
    inner join dates on items.order_date_key = dates.order_date_key
    group by
        products.product_id,
        products.current_product_name,
        dates.order_month_start_date

),

rpt_product_margins_monthly as (

    select
        {{ surrogate_key(['product_id', 'month_start_date']) }} as product_month_key,
        product_id,

        product_name,

        item_count,
        cast(revenue_usd as decimal(18, 2)) as revenue_usd,
        cast(supply_cost_usd as decimal(18, 2)) as supply_cost_usd,
        cast(revenue_usd - supply_cost_usd as decimal(18, 2)) as gross_profit_usd,
        {{ ratio('(revenue_usd - supply_cost_usd)', 'revenue_usd') }} as margin_share,

        month_start_date

    from items_summed

)

select * from rpt_product_margins_monthly
