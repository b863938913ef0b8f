"""Simplified Chinese characters and the traditional ones that stand for them in Taiwan and Hong Kong.

The phrases of the rules are written in one script and match both. Words that differ by more than their characters
(資訊 for 信息) are the business of the rules.
"""

from __future__ import annotations

# One simplified character a group, its traditional forms behind it.
_GROUPS = """
万萬 与與 专專 业業 丛叢 东東 丝絲 丢丟 两兩 严嚴 丧喪 个個箇 丰豐 临臨 为為爲 丽麗 举舉 么麼麽 义義 乌烏 乐樂 习習 乡鄉 书書 买買 乱亂 争爭 于於 亏虧 云雲 亚亞 产產 亲親 亿億 仅僅
从從 仓倉 仪儀 们們 价價 众眾衆 优優 伙夥 会會 伞傘 伟偉 传傳 伤傷 伦倫 伪偽僞 伫佇 体體 余餘 侦偵 侧側 俩倆 债債 倾傾 偿償 储儲 儿兒 兑兌 党黨 兰蘭 关關 兴興 养養 兽獸 内內 册冊
写寫 军軍 农農 冲沖衝 决決 况況 冻凍 净淨 凄淒 准準 凉涼 减減 凑湊 几幾 凭憑 凯凱 击擊 划劃 刘劉 则則 刚剛 创創 删刪 别別 制製 剂劑 剧劇 办辦 务務 动動 励勵 劳勞 势勢 勋勳 匀勻 区區
医醫 升昇 华華 协協 单單 卖賣 占佔 卢盧 卤滷 卫衛 却卻 卷捲 厂廠 厅廳 历歷曆 厉厲 压壓 厌厭 厕廁 县縣 参參 双雙 发發髮 变變 叙敘 叠疊 只隻祇 台臺檯 叶葉 号號 叹嘆 后後 向嚮 吓嚇 吗嗎
吨噸 听聽 启啟啓 吴吳 呕嘔 员員 呜嗚 周週 咙嚨 响響 哑啞 哗嘩 唤喚 啬嗇 啰囉 喷噴 嘱囑 团團 园園 困睏 围圍 国國 图圖 圆圓 圣聖 场場 坏壞 块塊 坚堅 坛壇 坟墳 坠墜 垒壘 垫墊 堕墮 墙牆
壮壯 声聲 壳殼 处處 备備 复復複覆 够夠 头頭 夹夾 夺奪 奋奮 奖獎 妆妝 妇婦 妈媽 娱娛 婴嬰 孙孫 学學 宁寧 宝寶 实實 宠寵 审審 宪憲 宽寬 宾賓 对對 寻尋 导導 寿壽 将將 尔爾 尘塵 尝嘗
层層 属屬 岁歲 岛島 岭嶺 峰峯 币幣 师師 帐帳 带帶 帮幫 干幹乾 并並併 广廣 庄莊 庆慶 床牀 库庫 应應 庙廟 废廢 开開 异異 弃棄 张張 弹彈 强強 归歸 当當噹 录錄 彻徹 径徑 忆憶 忧憂 怀懷
态態 总總 恒恆 恶惡 悬懸 惊驚 惧懼 惩懲 惭慚 惯慣 愿願 懒懶 戏戲 战戰 户戶 扑撲 扣釦 执執 扩擴 扫掃 扬揚 扰擾 抢搶 护護 报報 担擔 拟擬 拣揀 拥擁 拦攔 拨撥 择擇 挂掛 挚摯 挤擠 挥揮
损損 捡撿 换換 据據 掳擄 搁擱 携攜 摄攝 摆擺 摇搖 撑撐 擞擻 攒攢 敌敵 数數 斋齋 断斷 无無 旧舊 时時 昙曇 显顯 晒曬 晓曉 晕暈 暂暫 术術 机機 杀殺 杂雜 权權 条條 来來 杨楊 极極 构構
枣棗 枪槍 柜櫃 标標 栈棧 栏欄 树樹 样樣 档檔 桥橋 梦夢 检檢 楼樓 欢歡 欧歐 残殘 毁毀燬 毕畢 气氣 汇匯彙 汉漢 汤湯 沟溝 没沒 沪滬 泄洩 注註 泪淚 泻瀉 泽澤 洁潔 浅淺 测測 济濟
浓濃 涂塗 润潤 涨漲 渍漬 渐漸 渔漁 温溫 游遊 湾灣 湿濕溼 滞滯 满滿 滤濾 滥濫 潜潛 灭滅 灯燈 灵靈 灾災 炉爐 点點 炼煉 烂爛 烟煙菸 烦煩 烧燒 烫燙 热熱 爱愛 爷爺 状狀 犹猶 独獨 狭狹
狱獄 猎獵 猪豬 献獻 玛瑪 环環 现現 珐琺 画畫 畅暢 疗療 疮瘡 疯瘋 症癥 监監 盖蓋 盗盜 盘盤 着著 睁睜 矫矯 矿礦 码碼 砖磚 础礎 硕碩 确確 碍礙 礼禮 祸禍 离離 种種 积積 称稱 秽穢 稳穩
穷窮 窃竊 竞競 笔筆 签簽籤 简簡 类類 粘黏 粮糧 紧緊 纠糾 红紅 约約 级級 纪紀 纯純 纳納 纵縱 纷紛 纸紙 纹紋 纽紐 线線綫 练練 组組 细細 织織 终終 绍紹 经經 绑綁 结結 绕繞 绘繪 给給
络絡 绝絕 统統 继繼 绩績 绪緒 续續 绳繩 维維 综綜 绿綠 缀綴 缆纜 缓緩 编編 缘緣 缝縫 缩縮 缴繳 网網 罗羅 罚罰 罢罷 群羣 职職 联聯 肤膚 肿腫 胀脹 胁脅 胜勝 胶膠 脉脈 脏髒臟 脑腦 脚腳
脱脫 脸臉 致緻 舍捨 舖铺鋪 舰艦 舱艙 艺藝 节節 苏蘇 苹蘋 范範 荐薦 荡蕩 荣榮 药藥葯 莲蓮 获獲穫 萝蘿 营營 蓝藍 虑慮 虚虛 虽雖 虾蝦 蚀蝕 衅釁 补補 表錶 衬襯 袜襪 装裝 裤褲 见見 观觀
规規 视視 览覽 觉覺 触觸 计計 订訂 认認 讨討 让讓 训訓 议議 讯訊 记記 讲講 许許 论論 讼訟 设設 访訪 证證証 评評 识識 诈詐 诉訴 词詞 译譯 试試 诗詩 诚誠 话話 询詢 该該 详詳 语語 误誤
说說説 请請 诸諸 诺諾 读讀 课課 谁誰 调調 谅諒 谈談 谋謀 谎謊 谓謂 谢謝 谱譜 财財 责責 贤賢 败敗 账賬帳 货貨 质質 贩販 贪貪 贬貶 购購 贮貯 贯貫 贱賤 贴貼 贵貴 贷貸 费費 贺賀 赃贓
资資 赏賞 赔賠 赖賴 赚賺 赛賽 赝贗 赞贊讚 赠贈 赢贏 赶趕 趋趨 跃躍 践踐 跷蹺 踪蹤 车車 轧軋 轨軌 转轉 轮輪 软軟 轻輕 载載 较較 辅輔 辆輛 辈輩 输輸 辙轍 辞辭 辩辯 边邊 达達 迁遷 过過
运運 还還 这這 进進 远遠 违違 连連 迟遲 适適 选選 递遞 逻邏 遗遺 邮郵 邻鄰 郑鄭 采採 释釋 里裡裏 鉴鑑鑒 针針 钉釘 钟鐘鍾 钢鋼 钥鑰 钩鉤 钱錢 铁鐵 铃鈴 铜銅 银銀 铺鋪舖 链鏈 销銷 锁鎖
锂鋰 锅鍋 锈鏽 锋鋒 错錯 键鍵 锯鋸 镇鎮 镜鏡 长長 门門 闪閃 闭閉 问問 间間 闷悶 闹鬧 闻聞 阅閱 队隊 阳陽 阴陰 阵陣 阶階 际際 陆陸 陈陳 险險 随隨 隐隱 隶隸 难難 雇僱 雾霧 霉黴 静靜
面麵 韧韌 项項 顺順 须須鬚 顾顧 预預 领領 频頻 颗顆 题題 颜顏 额額 颤顫 风風 飞飛 饥飢 饭飯 饮飲 饰飾 饱飽 饼餅 馆館 马馬 驱驅 驳駁 驶駛 骂罵 验驗 骗騙 骚騷 骤驟 鱼魚 鲜鮮 鳞鱗 鸟鳥
鸡雞 鸭鴨 麦麥 黄黃 齐齊 齿齒 龄齡 龙龍
"""


def _by_character() -> dict[str, str]:
    forms: dict[str, str] = {}
    for group in _GROUPS.split():
        for char in group:
            forms[char] = "".join(dict.fromkeys(f"{forms.get(char, char)}{group}"))
    return forms


def _one_script() -> dict[int, str]:
    """Each character with the first of all those that stand for one another, in either script."""
    first: dict[str, str] = {}
    for group in _GROUPS.split():
        heads = {first.get(char, char) for char in group}
        head = first.get(group[0], group[0])
        if joined := heads - {head} - {*group}:
            first.update({char: head for char, known in first.items() if known in joined})
        first.update(dict.fromkeys(group, head))
    return {ord(char): head for char, head in first.items() if char != head}


ONE_SCRIPT = _one_script()
"""For `str.translate`: the traditional characters as the simplified ones."""

_FORMS = _by_character()


def forms_of(character: str) -> str:
    """The character with all that stand for it in the other script, itself first."""
    return _FORMS.get(character, character)
