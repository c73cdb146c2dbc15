/** What a suite's key of the seed 00, 01, 02, … must do. */
export interface SuiteAnswers {
  readonly fingerprint: string;
  readonly message: string;
  readonly context: string;
  /** Of message and context, in base64; both halves were made without randomness. */
  readonly signature: string;
}

/** Known answers, the ones here or a test's wrong ones. */
export interface KnownAnswers {
  readonly dataHash: string;
  readonly treeRoot: string;
  readonly manyHashes: string;
  readonly manyRoot: string;
  /**
   * "abc" in base64, encrypted by another implementation to the key of the seed 00, 01, 02, …, with the info of the
   * signatures' context and "abc" as AAD.
   */
  readonly sealed: string;
  /** "abc" under AES-GCM with the keys 00, 01, 02, … of 16, 24 and 32 bytes, a nonce of zeros, and "abc" as AAD. */
  readonly aesGcm: string;
  /** By the numbers of suites. */
  readonly suites: Readonly<Record<number, SuiteAnswers>>;
}

/** What must come out of this machine's cryptography, made by another implementation; its test makes it again. */
export const knownAnswers: KnownAnswers = {
  /** The tagged hash of "abc" as data. */
  dataHash: '9b251bbf19c5d77b6e0bce27fada9f64b3960438317f7d068e5068762e213a33',
  /** Root of the tree over the leaves "", 00 and 10: the third of Certificate Transparency's reference roots. */
  treeRoot: 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  /** Of nine inputs of one to three blocks: the hash of all their tagged hashes, and the root of their tree. */
  manyHashes: 'e2b7d7469d4abdb49c40eb457487aea4eb2e94f4c0efe9c69f88fe6c4164a31b',
  manyRoot: '5ab7970fe260d3521f8d965f7f6bbcb166ba610897e126a72938e5312102a1dc',
  aesGcm:
    '28b4e440c2a639b989dceb350d8137fa3c909dba61712a37773ba93b57484a481cf9dcb54a8c6fded660d63833d4d0bb09fbb95ce926b1380d',
  sealed: [
    '6NoC3k3kgWBQ+dmS06ml/vtuGkKTdyESOJMPcCxNW6Lp8RXK4qP5+EARng2hk9L4rsKvc4yRe94sju9MfEeQk7YP5T',
    'UpJePkfMLh86y6B73g2qCefBiHEVZDSmzNvYGjhtUoUiotanIYOR5E3N4Y7IyjqaxAqLl+fZXwgitp/26eKdwXEuCp',
    'j85lrHPKhqt43Uk7/vzv+fR50y/pV5id7aNNgQJZT6nVTUx/w7Oqyawv39COjg8m+z8hOLVCaygSu30O4FMuenyHW7',
    'ZZbpMQzjXLxpSSDYG78Qgk6VMS3mK0K7ywrvg3i1wq+GtlaMAq22mjmS4oUVySecAdO90jhWSee1tCjf6aaOrs/DiY',
    'BzmF8btThpRS8dQ+ROKDhMF3B81boZ2yZyDCQOcTK9vpgCWZIEpfcLC1AfJQvyKiNb6rQbJzUboqQDQHtM4Ym6Wn/z',
    'TgeHGLpwjy8Pdx/4ZyqnZdiiPw9QU9Oz3qLEU7qty8sdU8vnHBm5KhSXqKIWjE6UfD7zzH56+FZj3flob9rM1g95g9',
    'txyG5Lmc84DVX1/lzsOzbM/5fcMPoHe9AMMbwJ1afQmdBILevLRZah6UqA52HJIpUQIiNOc+eEYF83dmEWHbiGUoII',
    'ocE+VB9IjBnQ3CswgFP6JHLjAoWr/6ngsXBoXlLUotsqyY2NRC6sF0thCMgSRgIQ8wRjF7vhzNHyK+G6PegZdNMKql',
    'Yy4a1dHHAAiV4Jv2ch3X5qQLXWq8VUxRj+TIT2knWaXaIYAmhLZeci9i1z6MMEqtaN2Dvp+M3b81Dx1/9l8TejLCer',
    '/cZmun1R3eP0h20s7uH3Ip/24b9FFd0aw42JgqQ9R8wEmfXELz/wSITtDjaf4tWProzNVQInuQ+oN3KMDqzsfqB2aQ',
    'hJnUQ8s66HDsuPshuw91JzhkDZ11iuKnSCmDUNXiDV1gmAYlN5dIBIkJfloFnrLf1mIhowYvqFyvU/ed45Xp0mfQS4',
    '+4qmGgOOTR0KdsITE4+FlYbCpJYqGGLerRi9j4+oPjoNTpll6qYQsvA1zFBnatoprvBwO2kqr8dAcfbytygl7+ndER',
    'ySWTBWJ+Ewh05aNGO8bE/DhKlj8oJMLOV9dbsYwXTz1zMMm7cUAN/8sPgq54E/0xgHLJDuGNSCqgbwTxZ/7gxAzIG4',
    'Ggx1A6jS1jMhn/3PGAMkcH6n73km39EDFHHCPKk5+N3dR5ink//d900j5mQHXJcUY2fv39/7Ahf8Iqse97pUOqlBQb',
    'Tv4Br7JDKAHtfV6APzaBt5i971ovY1Bq+ib0PXjKdGqsZDr0Ac4Wl2Kqh/KSOyL2IVEJewYqAus2lJvRNR0rghGBHj',
    'EI+nptXHAIkMjw56juMx5VTLzkxQlFxTdDz17irClf1NpWruMadV3KE5lmRdfe1xYvkrIKwocIDElg6AE+62clmoGa',
    '//YXaiQv+3btybUj+PONSWhWdkScIeqeha+YkaKBp5eSf4UEzyHYEt965gyMWsu+vIMVZiF4VRtmPe0=',
  ].join(''),
  suites: {
    1: {
      fingerprint: 'fff7a795e8d240a7f76878e97ee8a1b248b1a97131d29bb4a1e1b0dba38f3477',
      message: 'abc',
      context: 'atedb/v1/self-test',
      signature: [
        'CD1ll+2aK8pDNPbLVEBP6UwbgKLhqtN+L7iqlTYa132gCeO64oDRSDstlhtGSFP0mIqArhA6Aef6pb+YTWB6akRTJo',
        'mLw4si8E5cEnQKgQ4c87z1rsUQQUy7zBKVzwNtpXRCTMTj+EyrYs4RgEEJoUcgawktWoojEMlI4qfKXVaGmhg8ErTk',
        'yU8Csz5BrazrejWtu7GjFX9P8yDbSrMROJg6YBR/SusTyjw+nWbeBck/RQ4aBjjJzHgT5Poc4JT58/Tq3kF3K8aYm8',
        'bhj2xceDpcK4xptR6OnbEA3y/37Mu5uAgs+1eGr3u1pdmBTkNUxYh5eF012Wm1NvOHEvJL/Z+6SkEwceknJYnmRiU5',
        'MboYuc8gPt8VaZW22q2ME5zK2Q3FyGZ3eYkkIHYGWFQQeXVNRas90InSugOuy0h9cYwiIYiUBkNsdk9ka+mI/J2Jfs',
        '0dpGZd3WATVed8pFbx1aS9i0VoNWDSB73+9JF25Ou44XSbVo4rzNOA5eDI1214A2xQuxGvUBb9yTvMSepVW34DMiJN',
        '3Tt1Qfgb6zS3hAeX7URd7ynZ++aaejDxEKPp+4KaYEas6GYsxf4+FU14kp/IV3OApg5Tsx1wEyjVINV4+EDJgR0EIF',
        's6l9ji9YOMqmYhCHEyDsWcBL0pOnyL90l18pUFiUxiskbcbG1qn/PgvsBqC1Aw3TXbl5seiEzzOGftL8boTMdXJbIu',
        '+PKr+2iTbEcMBx1jkANaOuPoJMgM5Q2XVp743llO09F4CqRptBIKD9vRWr7H8FBpJ0IkjCSsgGR0g4hgMADsHIvZj/',
        'YuRkxIQKWTfj2/DAwo+a3z/zRKQNK1kbLpSNDKgVoa6ayyYz+izRyjCPtQoG8+ZkgjuWBAck760VgRYfqMjrvnq5XG',
        'vHoYtGyauOd680Ld9cv0M4RPEZLRmf5FdhOxXRFoY6nbcBiSmUPtwrhiqR3XIKzHOeY6oLsViUriJ9kCkxh2NyMG9Y',
        'eNNnPNVh+3Dvs+TVU6yta8FMKGAQg1T3KvlxR/k1keurTEpjth6lyi/8AX/Bdk7K9isZLZ9qkeNhukFv+SekX7hgqr',
        'fSpRsEnsHluD6zbj0FlKBdlMWTyzgIjlhlWNFIfKf5ucCIu87KKcE+lsNkOtMlXvJ9faJRk6gNMCuTH3O5qDRcCVYf',
        'CJ9tV0OZdje/GQ06enWbVB1KjDqmKhW1mbC7Y3aLeGRCdpU7KottKIk21AU7W9UWeaKN5M9IYGI8JzeBhsZW2By2nh',
        'p61rUUjtTII06doaXAHt5wS4tcEj/HKotXtrClMDuwoe5dNaujno/v0OEtGDVo7FtI6p7875w0JNKKr0RkEQv5EmoD',
        '5ykNn9QP/75NwrbuisyXWQhwy8L2j+ZQKu0YBDIKEtvuDaWnJK5AyLpgGKLi5byWUuNyt8MDokb6iWbLtykkeO0sGl',
        'ZeRTw8SUAWOx/t+DYzAfTjnqlGokRxQwgXSHOulr+RhrgpRSj8eQ5YwxW+507DpGqMadHYewAJZLWMOB/1kjlOdjnX',
        'x2GKkm+pr5Xm2M82hF6PMZtHVbXVqJeNMnpmaPkS1yXwgVyt/zK9YuCqb40QjEVF7UudpRU1UjlqWuHVB7UwbIYVBb',
        'VIic2PiVlgztQloPyp9lfnLjLy9x9dtUt0NHVb+cprpluDVq/NTwhjLhlihWICRAwS8Cx7vEuddCXupxTed4JmZaA0',
        'riWsRIHDqYKBKijH+FgqneZ97Lhmwp8g1FwQIELjYgi10k2rxaqs8WMrxR3KOZqtolz/C9vl7ILe9wkRo+1v78EgQZ',
        'TM3ckpuzRb3s8eVlV1PMKmpOaUXUexLLm0FCW8aScGVh7qjiC1aSsxrv47VeexsBVH+Cen8HrISihziCri3IMyMJT0',
        'JHuUr+DKmOBwemeS/C/YR1dDHYIsIU8klklrqmv2NPUFGasYyb6TvxxQJhAw4Q0GdSNDhGu+l7xtfUbVjxLnP7dNqJ',
        'bJvPCIN4vi2owUGyHEym9TIXJc2g59c1oOBfMui1X9KCtNmXgeLqzuw/Pa1IUPJZMwdfeIGIzIVHftIsHGDWXsXhZt',
        'z+H7y6U0A8MVLUBLvMly5rXsfd6K9SannmWY9yc/LVgW107qWvdQJaOwU+XsF6e1bqn/4etLy+cOkhQd1j+ryOiNGv',
        '9Ed+ipgkq8Ev5xW1omvkAEOVtNZH6LBtxpuNAomVhnAbu4lzvtLYC+u8gAIrq/GVQK8iAy6mAQPN9ab3k5CHgqXbAy',
        'Wi5Pjgm1SNynhjmqKGXHIHBD14b24EAnkU6i2oFmj8gwMPUAa0PIIROVmD+c2jKRu8lv8fup2tc5FGBIdU0056o121',
        'B+i5Ba6abjTUu8Lf/aYS7OPwY3Aloc7Pld8baMy36NcMJjnxxottN8mLBJQWxFK0Qrri01hahsrDB47u7S67L3issm',
        'jA0umDKE7CdoyYS1qGjUex1vNFqOc7Xu920gdxQ5TCVlX7NMM0Ka+4MMmTleTPW4F7xPOY5sJmcqtLAuUt2qqr4Xvr',
        'UpHx3lDWI5VuaTPpBoO1Yz+ILCLyPoxLoacOKFjssD1PipB0HZ9RIQkgSRs+XY0HFrt5YZaOvI9dNC4QY18SM4wlK0',
        'l7phli0Tl/5eUNVDDoVUzJH6f/svLrYKPJqPbZbE5K+Y2uEBGGLcMEsnGQWSpIzMOqqdTp74ZkChggWL5kjlkhUDz1',
        'OPiO5HuThX0qHV3GA8GpLVKkmX2KpLLY0Qc7FWebSF3FMkHW0QIDg4VbGNfUKAVCvYbTZyEvlGkeMDe1A+4nh6AU38',
        'eTaSzqA7wiVPh/LXQ25AZ6oz7/NEN21iB0UJFv3NRLILEEv5aZL4xie9EMoNC7c7mmwODXuVAtygeFTHbhamoysQhf',
        'PGUobYM2BmlbSFqCoVO/Wz+89GLLd1Q2KFey4YrdzifY3cehzwBS6P2ryZ+ww/RbMBiEwTR/0HUv7qKYo5w/cUBgOw',
        '6WIWf9mv9u/8IL294RhcZyM5nLqKQ++h8Xb0rQcVND9S33I62Dj4k5LjBPCiJ0mhlHqQdZg6+Xlc6yiGPKwJpMtIqE',
        'hdPB3ML/4hpB6I2N2bNtszf3TBW2E8N3Ya3wNdR7xFBg/xzhIy99pjWDonkMWAeSJKsLRypmPLRX10wNo1MnvMr9Me',
        't2z7Bz7tCMq9D54T0lyhmqtwX6J1xn3A/WQtjTQRqo0VFs+2LfIFUVWK+sBz8XYx0v12ScOM+RvDEbxtKglktx7bOB',
        'JhxWKZHI4hBgW680QayQCxM0QFYb30E/t/5J8WxJp/sSsy4uNeO2oRrybs6rwYrz+WIj3jC2II2K0BiyAKHp6tre73',
        'QwwoEt8gfDWS/jc2exnO9h8Y5DNwI0/101h51MQYYY+On3l/uFARwOcxc3OkTUMZQApGdwDHRK9Z4OQ3rQBt3eDnYL',
        'DN/T7haJrpsKb+e4wBVF8QJ9cDwTFsHzFz3fNdPaoKhDIUNBf7b7dGZmm7Xr+TgY0ru2Cavzy4oKK/FSnVZ0WA7fNl',
        'zo2Yh3u6jawqnjD0W65o8Jv5QmrcCfcbclJNrWv562rL5ofDZAsf1zk8lyOw+ii7SHZl3mgfpfOyF5XzTX9J30GtSV',
        'EF0tz+yqvJl+887DiWHZvcBlM3IeuldRC/524GBIyj7B9AAsSvtVVytYXeuVoAfQgYPSoK0QDSeRde7XuRWOc9i/lR',
        'EAgpC16rYXCphdOx2oK8uTFeVLyMuQkth5U14Z+Ob5uUOtDwEEbpTTHikIJ9PWaeFbFRa5zqBm1HkIhVHgUeHVuAOz',
        '7GwoeEJfKwY7K3eJ465W4+ZXVD0lVoCB+WRcwtJXsTBQicNaNCDyCkJFLmxccZVc7KZFosg90/wx8yH+TE11jbYqvM',
        'tkgBdPW8/cR35SKXPtRVeIdFJeXldENkBEpZI1+D0AWe/6yEwNrfKv1RtOYMd+pY0t8/t1NKrjAyWyC5Zhv9AyDg5J',
        'MRcIKUpug5Q4V59qDvucIKdkxKfKAeqiG2ZXvwE/8F3uCo+z2hL6L23GHuKGk5wL/xjxciAk2FDBhke58d4u5uZGvH',
        '1G322QvWl4xCkLfoOdQM3ErZIFgjlzY1hhgy2Qcazss5mPIosRnq8sV9GeL5kflN72LKF7KWzGaDy5CO1RqcEmW0oI',
        'j8KClVZ3cAjy9DJg3qx0dF04L+Tb9O6LfqiFWzZ9/Tf5Y/cXAblfnmSTRHhrn3Y5isQqVYDVMaE2CCgKTYd3ICNkUs',
        'XlD9mGjI/hGZolE7Wgxv45dvSwHh9om3T3lmCPp6Jd0/0rlwKxpoUrV/5zhtHFmYubo4TvIrxRoCNCmeudxv1voj4X',
        'AQRXjjngz3RxvzWLj8zg/xJgiZxMcI6eqbc3WFlom6a+xQ4pRmGc5fcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAggMEh',
        'ohJYipK+d6/kOgwGChAoxvMZPzTHFYXUdie9IPTgSgyX5R5q84OdJwIVnQcY37z3NWLA+TFplxBS7NzlsoZwbdAw==',
      ].join(''),
    },
    2: {
      fingerprint: 'cbaa1ee384f68f2395360bfb3836fdbd650d311b597507874294ad4e44b4c506',
      message: 'abc',
      context: 'atedb/v1/self-test',
      signature: [
        'bkhP+3hwR7blSXT8OhWe+Ur+RlQJWxqQaoUXU+aijzaJk0JkNigeCdwh3WOQDs8YSNwSZZHYhupnar6KDekUfZ/QDb',
        'hBr8zseomIFwqy8BMG9ncKNi6QpOq+sYae9NbfEUqHpqOBtaHcdnMXa1uHxJ0YQYRMCT6eUvMAzwzktRUIFesSG5ai',
        '8mnrFMmdLzl9EgWWwLyH6FtcMXnGkRa+bvLxTqzTMrMlmFubs8H6MH8VgcuxwWYlTYUtgFlf5FSltgNsCLzlS+lIJ7',
        'NDsD1cvYRiXYl+2HFQPL9lBziLkcV0rtUcBL87+NAMMvS/glrLkfC5zvbIGSVJozN6VfNo3+Vj8dKLU5Yy4ZvRfjaa',
        '5lqwhrepPraXDSeVIpsJaztF1KKdJD3e38kOQFd+ZdDBHzP4JXBcYh/QAlhmq9KHoxiavsilA5FOPokqY0qjrfD+oi',
        'LwiiDWV1AptlHFujbZBzc1Yt7cuZTrkS7ZHRU6S4FwPsRpZ4+GpqcCziSDQPeYRQ3680lxi49q8qZfdDHei+xq7l8W',
        'jzIZQ9QbCDaDjhXXfYuvNg7qpR3Sb/DPhvO+0pnkEksKyAslucss5ahUhyrr7yj2A/5sXk4xfjke31oEYlWJFrn1Go',
        'dGOB4t1k0OaFd+QYPEA1+DH7sIXkROO0zNsNJi9EMrqB2JU4TQX8yalT9q/WX9RuBbuBiQCA7vcqAVOklZT9EaJugO',
        'Fi6Ffv0LN4Mlca+JrWEIbT09eQavv4F97irH6lyOqzEEjzaMeXHeXWJzannORcqxiFlEUKX+L4Lp0vDECy3vZT48X/',
        '9EgOCepP8fNTkr6XYqPydqLiaykiTE/IXRuN9Dialn+ggTaFUFsqiPPxp7fqp2vOrmrKnTf1pJ7wlnHzcv15hXAq0j',
        'fCAi3LmNLJPSuWGmd9l0uhAKATRARCR7JD81YtPyAMsWXL2ajYyhi1lzoMLoQHd6eoobMJmx42AFHzajib/9ik7rCP',
        '9GcLiurXr5QDKS7ZgZJa0o2IKSpV2vdcIvtFUoMnROYS/v9zFfJS7Qs5shNRhuPQGAznb0+7yatiJXxwuVFSYPweiW',
        'etKNsMED0BHN6R/VauKcuym4XNB1hqj2PvmaV0JHs1qqsYvGuY1mTwGTaOh05Cve6GxGcmdjndeqkWuarlXIcPpQe6',
        'bVqSqXgmcADG1tcS6dGAWkEEmgvJAzlpPpqZaoi8UXIOHFQhz9MMG5pGJjSJKgF7E+X16CdhP8BqvLbPK/vukLnRYR',
        '+3Px0DcWbFzemyCPdvf1i81MVibR6ZGhQlNhvd8LjpD+TOwSICrpSmIWR4A9IJTouFOJc8vyG+Kuy9xB/sE4Z8uaQ3',
        'aY+CVzSXDw8krs/XR7sDhXchdkuyHQOJHY8pbGsr8Y7Awd6cjDzbYdk1luhDFPKHEzArrKiAqS+WeVEWpoh1L68HA/',
        '0RD6kpL6VqlXUuZx1O61twjdC2+c1qS5ujf7gFjREb/SkxxPnh/gspDrnN5eRXib+iv38X7qMBHuE72x3w2ce7MVl8',
        'QVelCc0nAE3tbEKbapRjfy8KjkrhNLMQLbx4QR8mlxTbhsMYMVmp6rvQEyvlKyIdrMy5gCBm7YYYfnJAJFNCDzVbW1',
        'mQX9z4/IQc7pEclY1FeEsZnB+p/UqWpBPGI2Wi+xX+YtE3VsM63DGDDWPQRdNKczTmuLxgfa2Kg5RnT2WG6oGo8PDp',
        'qM+5PBDFYFpjSwkTS6QwZBXs17mtaBp1914AK2XqbuJ7bWIag6+RsqdiXgZAE0AVk8nQkT0DGUvm60QajYo0z1SCd5',
        'NxJ5dP64KuuLjhc9hkolVU+wtZ6iWLbTv5gI4+jLIFk2zN5MmLdUi0fDCcPeWgBVXf3ckOUMd0H4r6e73viutvubTx',
        'wwXYImKnUQvSuXclpfO1dlk06AhxytUYUWvCzokc6NfXz8aor7GxrlvsWdKTUxpU/arRY/C7XQwsETgMRZ6DV7NnFy',
        'sh0o/13KizdMwotRezO0v+XTfR8FFpWBi5QVeSTQsHdVJHlA2MBevph2w4Fs80KJQtC0ceYC/XUGkGMVju2wW61yyS',
        'lJfy3ezLEsOSrBeLw2UE1HvIV0g36/Rjt1lre3xud7oAlPmMZzSQRBA2c/uCknGiiH1N8fUeZif/Qtho6KQZWTwvrB',
        'EiYeRBFMt4C+5AZiIdkwaD9yCFmXqEoF760MoSL8tgmSdmhvmPKCzn/vqYCjPuz3ch210N+0bXVHdolV6pKapOuEtB',
        'BjDTXtzg7DYSvO62NIDcjad9Rx33c+YWlA1zb/OpPTkwr2o8ku9KMj6is6ZYGThW5QU0/xQJLrTYK3GYQ58jjj2Yhv',
        'yAIl8rNtmR+meBRcbYTtgJN5hOVAFIUqHa6Cf4v+SJkY8psXNMnmJyo629TNbjZl9R4cYWUGf4gFuahC+8oqdWECOV',
        '6iu1NLCLneycEcnSl4JHTIGWf+KikM5fgF3RlOCPKC7sIYH3HWjhmn6T/lsP/5Jq3cYzkBQFkrTLiGRUlefpnfZMbS',
        '5fk7nghva52zCkEfEWvS2xfI+VZ5QsjsDEnp3NZjW3NRAnklOLR/GwWEUUjwU6NCzvx+fAg5+vnp5iXfvE1RBWF9Ig',
        'It3kiGVekkf2/cSFwHJEZxNNWn+Bx2qJ6viCF4wKnbY38M93znHyxnMINPLN/pohxBJy1lEQszofR0ti1d16zTq+1q',
        'TdQ9kIJSoI1A3ZR/rCuXdcn7MGkCB6EFgsQelX81AM0hJPqb+BfBc57Rcxj1PYC3IKdU21RXClpOyAjKMyw8QeyyiI',
        'ooUjSn6LZIid0iiZ3wsdP/8O2GJYpyUiNsRDs4dpp5D3UZmf8AFZdcsI0zpmVOsIPjV6/ak8s5xwqA69dKg1xl6Dzh',
        'y9AoLpqUBLxJVBn/+KzsO/kl78Gcer/gqUo/3mQt9L/LuoufOnojBe+eMG3He9WDa+bTlGp60paLxmsWOU+81rYqqG',
        'PPCEyRzrWgB+QTvrNNsV2Q6nBxM+q5MT9jEjjSXpJUYILe9NOyenEHH4+a5LYUd9JC9pEg+r3l5Fd2N8GvSBO8V3iS',
        'xN3RfwQ3SLQgCweOnKdj0XywKIx3P1kL2+91uOxzy19uSRrp20OPVasFCBAtNDU+WluFjp6fr7G9ztDU5fsFBxpCRF',
        'FdY3h9s7fLz9Pi70dLT1FWV2KkwMzV7fIGQ1J7mqirtMHH3AAAAAAAAAAAAAAAAAAAAAAAABUmMz7YUaLFZ4JHVnJY',
        'q3BiR/j5VazjAO5xiYvm51p0FXd5oW1rRrzdbowtZ1t0BbN9gYJWrf79ZQ+wEKLDmVJA7EYP',
      ].join(''),
    },
  },
};
